#include "server/train/random_streams.h"

#include <numeric>
#include <random>
#include <utility>

namespace ganserve {
namespace {

uint64_t Mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// Uniform on [0, bound) by rejection of the incomplete last interval.
uint64_t Below(std::mt19937_64& random, uint64_t bound) {
  const uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  uint64_t value = random();
  while (value >= limit) value = random();
  return value % bound;
}

}  // namespace

uint64_t DeriveSeed(uint64_t seed, RandomPurpose purpose, uint64_t index) {
  return Mix(Mix(Mix(seed) ^ static_cast<uint64_t>(purpose)) ^ index);
}

std::vector<uint32_t> EpochOrder(uint64_t seed, uint64_t epoch, size_t count) {
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0U);
  std::mt19937_64 random(DeriveSeed(seed, RandomPurpose::kEpochOrder, epoch));
  for (size_t i = count; i > 1; --i) std::swap(order[i - 1], order[Below(random, i)]);
  return order;
}

}  // namespace ganserve
