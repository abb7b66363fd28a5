// What a run tells of which step.
#pragma once

#include <cstdint>

#include "server/train/train_length.h"
#include "server/train/train_settings.h"

namespace ganserve {

// What is due after `step` steps of the whole job, besides what ends it. Depends on nothing that a run which is stopped
// and resumed would see otherwise than an uninterrupted one.
struct StepTasks {
  bool report = false;
  bool sample = false;
  bool evaluation = false;
  bool checkpoint = false;

  bool any() const { return report || sample || evaluation || checkpoint; }
  bool operator==(const StepTasks&) const = default;
};

StepTasks TasksAt(const TrainSettings& settings, const TrainLength& length, uint64_t step);

}  // namespace ganserve
