// The seam between serving and image formats.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "server/serving/generator.h"

namespace ganserve {

enum class ImageFormat { kPng, kRaw };

class ImageEncoder {
 public:
  virtual ~ImageEncoder() = default;

  // Replaces *out by the encoded image. `pixels` is [height, width, channels]. The bytes depend on the arguments alone.
  // Called by several threads at once.
  virtual absl::Status Encode(ImageFormat format, const ImageShape& shape, std::span<const uint8_t> pixels,
                              std::string* out) const = 0;
};

}  // namespace ganserve
