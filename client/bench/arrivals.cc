#include "client/bench/arrivals.h"

#include <cmath>

namespace ganserve::bench {

Arrivals::Arrivals(double rate, bool poisson, uint64_t seed)
    : rate_(rate), poisson_(poisson), random_(seed), gap_s_(rate) {}

std::chrono::nanoseconds Arrivals::Next() {
  double time_s = 0;
  if (poisson_) {
    poisson_time_s_ += gap_s_(random_);
    time_s = poisson_time_s_;
  } else {
    // A product rather than a sum: rounding does not add up.
    time_s = static_cast<double>(arrivals_++) / rate_;
  }
  return std::chrono::nanoseconds(std::llround(time_s * 1e9));
}

}  // namespace ganserve::bench
