// Images in memory, to and from PNG.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace ganserve::ganctl {

// 8 bits a sample, rows from the top, pixels from the left, channels interleaved.
struct Pixels {
  uint32_t width = 0;
  uint32_t height = 0;
  // 1 (greyscale) or 3 (RGB).
  uint32_t channels = 0;
  // width * height * channels.
  std::vector<uint8_t> samples;
};

// INVALID_ARGUMENT if the bytes are no PNG, or one of more than 2^26 pixels.
absl::StatusOr<Pixels> DecodePng(const std::string& png);

// RESOURCE_EXHAUSTED if libpng cannot.
absl::StatusOr<std::string> EncodePng(const Pixels& pixels);

// Pixels from the wire's raw format; INVALID_ARGUMENT if the bytes are not as many as the measures say.
absl::StatusOr<Pixels> FromRaw(const std::string& raw, uint32_t width, uint32_t height, uint32_t channels);

}  // namespace ganserve::ganctl
