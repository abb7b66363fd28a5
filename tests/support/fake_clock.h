// A clock that moves when a test says so. Any thread.
#pragma once

#include <atomic>

#include "server/base/clock.h"

namespace ganserve {

class FakeClock final : public Clock {
 public:
  TimePoint Now() const override { return TimePoint(Duration(now_.load())); }
  void Advance(Duration duration) { now_.fetch_add(duration.count()); }

 private:
  // Not 0, so that a test can also name a time before the start.
  std::atomic<Duration::rep> now_ = Duration(std::chrono::hours(1)).count();
};

}  // namespace ganserve
