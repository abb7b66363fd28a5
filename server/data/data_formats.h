// Decoders of the data formats. Each hands every image of one file to `sink`, one after the other. Errors: DATA_LOSS
// with the file and the byte offset.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/data/image_set.h"

namespace ganserve {

constexpr int32_t kNoLabel = -1;

// Takes the samples [channels, height, width] of an image of that shape, and its label or kNoLabel.
using ImageSink = std::function<void(std::span<const uint8_t> samples, const PlanarShape& shape, int32_t label)>;

using ImageReader = absl::Status (*)(const std::string& path, const ImageSink& sink);

// IDX images as MNIST and Fashion-MNIST ship them (magic 0x00000803, unsigned bytes, three dimensions), gzip or not.
// Labels come from the file whose name has "labels-idx1-ubyte" for "images-idx3-ubyte" (magic 0x00000801), gzip or not,
// if there is one.
absl::Status ReadIdxImages(const std::string& path, const ImageSink& sink);

constexpr int kCifarClasses = 10;

// CIFAR-10 binary: records of one label byte (0 to 9) and 32 x 32 x 3 planar samples, gzip or not.
absl::Status ReadCifarImages(const std::string& path, const ImageSink& sink);

// The names of the classes, one a line, from the folder's batches.meta.txt. Empty when there is no such file.
absl::StatusOr<std::vector<std::string>> ReadCifarClassNames(const std::string& folder);

// One PNG or JPEG, told by its first bytes (see png_io.h, jpeg_decode.h).
absl::Status ReadImageFile(const std::string& path, const ImageSink& sink);

// The pictures of a font with colour bitmaps (OpenType's CBDT table), as NotoColorEmoji.ttf, in order of glyph: laid
// over white, in the middle of a square. Blank glyphs, those without colour and exact duplicates are left out; a font
// without colour bitmaps has no pictures, which is no error. Fonts have no labels.
absl::Status ReadFontImages(const std::string& path, const ImageSink& sink);

}  // namespace ganserve
