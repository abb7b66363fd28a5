// The seam between serving and whatever makes the pixels: TorchGenerator in production, a fake in tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace ganserve {

// Size of one image: 8-bit samples, rows from the top, channels interleaved (HWC).
struct ImageShape {
  int width = 0;
  int height = 0;
  int channels = 0;  // 1 or 3

  size_t bytes() const {
    return static_cast<size_t>(width) * static_cast<size_t>(height) * static_cast<size_t>(channels);
  }
  bool operator==(const ImageShape&) const = default;
};

// What a generator is; constant for its lifetime.
struct GeneratorInfo {
  std::string model;     // name in the repository
  uint64_t version = 0;  // number in the repository
  std::string digest;    // SHA-256 of the model file, lower-case hexadecimal
  int latent_size = 0;
  int classes = 0;  // 0: takes no labels
  ImageShape shape;
  std::vector<std::string> class_names = {};  // [classes], for people; empty where nobody has named them
};

class Generator {
 public:
  virtual ~Generator() = default;

  virtual const GeneratorInfo& info() const = 0;

  // One forward pass over n images. `latents` is [n, latent_size]; `labels` is [n] with values in [0, classes), or
  // empty for a model without classes; `pixels` is [n, height, width, channels]. An image's pixels depend on its latent
  // and label alone, never on n or on its neighbours. Called by several workers at once. Errors: INTERNAL when the
  // model fails or when any image has a value that is not finite.
  virtual absl::Status Generate(std::span<const float> latents, std::span<const int64_t> labels,
                                std::span<uint8_t> pixels) = 0;
};

}  // namespace ganserve
