#include "server/train/train_schedule.h"

namespace ganserve {

StepTasks TasksAt(const TrainSettings& settings, const TrainLength& length, uint64_t step) {
  const bool epoch_ends = step % length.batches == 0 || step == length.steps;
  return {.report = epoch_ends || step % settings.report_every_steps == 0,
          .sample = step % settings.sample_every_steps == 0,
          .evaluation = settings.evaluate_every_steps > 0 && step % settings.evaluate_every_steps == 0,
          .checkpoint = step % settings.checkpoint_every_steps == 0};
}

}  // namespace ganserve
