// Features with known distributions.
#pragma once

#include <cstdint>

#include "server/eval/features.h"
#include "server/serving/latents.h"

namespace ganserve {

// Rows of independent N(mean, deviation^2).
inline Features NormalFeatures(uint64_t seed, size_t count, size_t dims, float mean = 0, float deviation = 1) {
  Features features{dims, std::vector<float>(count * dims)};
  FillLatents(seed, 0, dims, features.values);
  for (float& value : features.values) value = mean + deviation * value;
  return features;
}

}  // namespace ganserve
