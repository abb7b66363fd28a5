#include "server/eval/random_choice.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "server/serving/latents.h"

namespace ganserve {
namespace {

// Uniform on [0, bound) but for a bias below bound / 2^64.
size_t Below(uint64_t seed, uint64_t stream, uint32_t position, size_t bound) {
  const auto words = Philox4x32({position, static_cast<uint32_t>(stream), static_cast<uint32_t>(stream >> 32), 0},
                                {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
  // The high half of a 64-bit random number times a bound below 2^32.
  const uint64_t low = (static_cast<uint64_t>(words[0]) * bound) >> 32;
  return static_cast<size_t>((static_cast<uint64_t>(words[1]) * bound + low) >> 32);
}

}  // namespace

std::vector<size_t> ChooseIndices(uint64_t seed, uint64_t stream, size_t count, size_t size) {
  std::vector<size_t> indices(count);
  std::iota(indices.begin(), indices.end(), size_t{0});
  size = std::min(size, count);
  for (size_t i = 0; i < size; ++i) {
    std::swap(indices[i], indices[i + Below(seed, stream, static_cast<uint32_t>(i), count - i)]);
  }
  indices.resize(size);
  return indices;
}

}  // namespace ganserve
