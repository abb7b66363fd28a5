// How busy a set of workers is, from the moments at which their number at work changes.
#pragma once

#include <chrono>
#include <cmath>
#include <cstddef>

#include "server/base/clock.h"

namespace ganserve {

// Exact at any time and however rarely or often it is asked, because nothing is sampled: between two changes the number
// is constant. Not thread-safe.
class BusyMeter {
 public:
  // Of the running average: what was weighs 1/e after this time. As long as the usual interval of scrapes, so that none
  // misses a load that comes and goes between two of them.
  static constexpr std::chrono::seconds kMemory{10};

  explicit BusyMeter(Clock::TimePoint start) : changed_(start) {}

  // From `now` on, `busy` workers are at work. Times must not go back.
  void Set(size_t busy, Clock::TimePoint now) {
    busy_seconds_ = BusySeconds(now);
    average_ = Average(now);
    busy_ = static_cast<double>(busy);
    changed_ = now;
  }

  // The integral of the workers at work over time: seconds that all workers together were at work.
  double BusySeconds(Clock::TimePoint now) const { return busy_seconds_ + busy_ * Since(now); }

  // The exponentially weighted average of the workers at work, the solution of a' = (busy - a) / kMemory.
  double Average(Clock::TimePoint now) const {
    return busy_ + (average_ - busy_) * std::exp(-Since(now) / std::chrono::duration<double>(kMemory).count());
  }

 private:
  double Since(Clock::TimePoint now) const { return std::chrono::duration<double>(now - changed_).count(); }

  double busy_ = 0;
  double busy_seconds_ = 0;  // until changed_, as is average_
  double average_ = 0;
  Clock::TimePoint changed_;
};

}  // namespace ganserve
