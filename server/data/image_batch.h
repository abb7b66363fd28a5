// The images and labels of one training step.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "server/data/augment.h"
#include "server/data/image_set.h"

namespace ganserve {

struct ImageBatch {
  std::vector<uint8_t> samples{};  // [count, channels, height, width]
  std::vector<int32_t> labels{};   // [count], or empty when the data has none
};

// The images of `data` that `indices` name, in that order. How each is augmented is a function of (seed, place in the
// batch).
ImageBatch MakeBatch(const ImageSet& data, std::span<const uint32_t> indices, const AugmentationOptions& options,
                     uint64_t seed);

}  // namespace ganserve
