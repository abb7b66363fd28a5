// PNG through libpng, at its defaults: the independent judge of what PngEncoder writes, and what it is measured
// against.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/serving/generator.h"

namespace ganserve {

struct DecodedImage {
  ImageShape shape;
  std::vector<uint8_t> pixels;  // [height, width, channels]
};

// Decodes an 8-bit grey or RGB image strictly: anything that libpng would warn about is an error, as are bytes that
// follow the end of the image. Errors: INVALID_ARGUMENT with libpng's words.
absl::StatusOr<DecodedImage> DecodePng(std::string_view png);

// Encodes as a program does that sets no options. Errors: INVALID_ARGUMENT with libpng's words.
absl::StatusOr<std::string> EncodePngWithLibpng(const ImageShape& shape, std::span<const uint8_t> pixels);

}  // namespace ganserve
