// An encoder that shows what it was given.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>

#include "server/serving/image_encoder.h"

namespace ganserve {

class FakeEncoder final : public ImageEncoder {
 public:
  // What Encode makes of an image: its pixels, after "png:" for kPng.
  static std::string Encoded(ImageFormat format, std::span<const uint8_t> pixels);

  absl::Status Encode(ImageFormat format, const ImageShape& shape, std::span<const uint8_t> pixels,
                      std::string* out) const override;

  // Runs before every encoding and may fail it. Set before the first.
  void OnEncode(std::function<absl::Status()> hook) { hook_ = std::move(hook); }

  // Images that were given to it.
  size_t images() const { return images_; }

 private:
  std::function<absl::Status()> hook_;
  mutable std::atomic<size_t> images_ = 0;
};

}  // namespace ganserve
