// The output function of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA
// 2014): a bijection of 64 bits in which each bit of the input changes about half of the output's. The same on every
// machine. Its values at seed, seed + kSplitMix64Step, seed + 2 kSplitMix64Step, ... are the generator's sequence.
#pragma once

#include <cstdint>

namespace ganserve {

constexpr uint64_t kSplitMix64Step = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio, odd

constexpr uint64_t SplitMix64(uint64_t x) {
  x += kSplitMix64Step;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace ganserve
