#include "tests/support/fake_encoder.h"

#include "server/base/status_macros.h"

namespace ganserve {

std::string FakeEncoder::Encoded(ImageFormat format, std::span<const uint8_t> pixels) {
  return (format == ImageFormat::kPng ? "png:" : "") + std::string(pixels.begin(), pixels.end());
}

absl::Status FakeEncoder::Encode(ImageFormat format, const ImageShape& shape, std::span<const uint8_t> pixels,
                                 std::string* out) const {
  ++images_;
  if (pixels.size() != shape.bytes()) return absl::InternalError("the pixels don't fit the shape");
  if (hook_) GANSERVE_RETURN_IF_ERROR(hook_());
  *out = Encoded(format, pixels);
  return absl::OkStatus();
}

}  // namespace ganserve
