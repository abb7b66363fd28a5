// When the calls of an open loop are due.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>

namespace ganserve::bench {

class Arrivals {
 public:
  // `rate` calls a second, above 0: one after the other at equal distances, or as a Poisson process, whose bursts are
  // those of many independent callers.
  Arrivals(double rate, bool poisson, uint64_t seed);

  // Time of the next arrival since the start; never decreases. The first of equal distances is at 0.
  std::chrono::nanoseconds Next();

 private:
  const double rate_;
  const bool poisson_;
  std::mt19937_64 random_;
  std::exponential_distribution<double> gap_s_;
  uint64_t arrivals_ = 0;
  double poisson_time_s_ = 0;
};

}  // namespace ganserve::bench
