#include "server/train/random_streams.h"

#include <numeric>
#include <random>
#include <utility>

#include "server/base/splitmix64.h"

namespace ganserve {
namespace {

// Uniform on [0, bound) by rejection of the incomplete last interval.
uint64_t Below(std::mt19937_64& random, uint64_t bound) {
  const uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  uint64_t value = random();
  while (value >= limit) value = random();
  return value % bound;
}

}  // namespace

uint64_t DeriveSeed(uint64_t seed, RandomPurpose purpose, uint64_t index) {
  return SplitMix64(SplitMix64(SplitMix64(seed) ^ static_cast<uint64_t>(purpose)) ^ index);
}

std::vector<uint32_t> EpochOrder(uint64_t seed, uint64_t epoch, size_t count) {
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0U);
  std::mt19937_64 random(DeriveSeed(seed, RandomPurpose::kEpochOrder, epoch));
  for (size_t i = count; i > 1; --i) std::swap(order[i - 1], order[Below(random, i)]);
  return order;
}

}  // namespace ganserve
