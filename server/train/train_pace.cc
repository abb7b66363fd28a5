#include "server/train/train_pace.h"

#include <chrono>

namespace ganserve {

double TrainPace::TakeStepsPerSecond() {
  const Clock::TimePoint now = clock_->Now();
  const double seconds = std::chrono::duration<double>(now - since_).count();
  const double rate = seconds > 0 ? static_cast<double>(steps_) / seconds : 0;
  since_ = now;
  steps_ = 0;
  return rate;
}

}  // namespace ganserve
