// Where the images come from that are measured.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "server/data/image_set.h"
#include "server/serving/generator.h"

namespace ganserve {

// Images first to first + count - 1, [count, channels, height, width]: the very bytes that are served or trained on, so
// that quantisation is part of what is measured.
using ImageSource = std::function<absl::StatusOr<std::vector<uint8_t>>(uint64_t first, size_t count)>;

// All images of `set`, which must outlive the source.
ImageSource ImagesOf(const ImageSet& set);

// Those of `indices`, in that order.
ImageSource ImagesOf(const ImageSet& set, std::vector<size_t> indices);

// The images that a server makes of `seed`: image i has the latent and, unless `label` is given, the class of (seed, i)
// (see serving/latents.h). `generator` must outlive the source; `threads` passes run side by side, each in a thread of
// its own. Errors as Generator::Generate; INTERNAL for what it throws.
ImageSource ImagesOf(Generator& generator, uint64_t seed, std::optional<int64_t> label, int threads);

// The shape of the generator's images in the layout of the source.
PlanarShape PlanarShapeOf(const Generator& generator);

}  // namespace ganserve
