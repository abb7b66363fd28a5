// How fast a run is.
#pragma once

#include <cstdint>

#include "server/base/clock.h"

namespace ganserve {

class TrainPace {
 public:
  // The run starts now. `clock` must outlive this.
  explicit TrainPace(const Clock& clock) : clock_(&clock), since_(clock.Now()) {}

  void CountStep() { ++steps_; }

  // Steps a second since the last call or the start, with all else that a run does; 0 when no time has passed.
  double TakeStepsPerSecond();

 private:
  const Clock* clock_;
  Clock::TimePoint since_;
  uint64_t steps_ = 0;
};

}  // namespace ganserve
