// The clock seam: code that compares times takes a Clock, tests hand it a FakeClock (tests/support).
#pragma once

#include <chrono>

namespace ganserve {

class Clock {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  virtual ~Clock() = default;

  // Monotonic. Called from any thread.
  virtual TimePoint Now() const = 0;

  // The machine's steady clock; lives for ever.
  static const Clock& Real();
};

}  // namespace ganserve
