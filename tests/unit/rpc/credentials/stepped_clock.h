// A clock that moves when a test says so.
#pragma once

#include <atomic>

#include "server/base/clock.h"

namespace ganserve {

class SteppedClock final : public Clock {
 public:
  TimePoint Now() const override { return TimePoint(now_.load()); }
  void Advance(Duration duration) { now_.store(now_.load() + duration); }

 private:
  std::atomic<Duration> now_{Duration(1)};
};

}  // namespace ganserve
