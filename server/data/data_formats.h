// Decoders of the data formats that the trainer reads. Each hands every image of one file to `sink`, one after the
// other. Errors: DATA_LOSS with the file and the byte offset.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "server/data/image_set.h"

namespace ganserve {

// Takes the samples [channels, height, width] of an image of that shape.
using ImageSink = std::function<void(std::span<const uint8_t> samples, const PlanarShape& shape)>;

// IDX images as MNIST and Fashion-MNIST ship them (magic 0x00000803, unsigned bytes, three dimensions), gzip or not.
absl::Status ReadIdxImages(const std::string& path, const ImageSink& sink);

// CIFAR-10 binary: records of one label byte (0 to 9) and 32 x 32 x 3 planar samples, gzip or not.
absl::Status ReadCifarImages(const std::string& path, const ImageSink& sink);

// One PNG of any type; 16 bits a sample become 8, transparency is laid over black.
absl::Status ReadPngImage(const std::string& path, const ImageSink& sink);

}  // namespace ganserve
