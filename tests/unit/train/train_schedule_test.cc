#include "server/train/train_schedule.h"

#include <gtest/gtest.h>

#include <ostream>

namespace ganserve {

void PrintTo(const StepTasks& tasks, std::ostream* out) {
  *out << (tasks.report ? "report " : "") << (tasks.sample ? "sample " : "") << (tasks.evaluation ? "evaluation " : "")
       << (tasks.checkpoint ? "checkpoint" : "");
}

namespace {

// Two epochs of 50 steps.
TrainSettings Settings() {
  TrainSettings settings;
  settings.batch_size = 8;
  settings.epochs = 2;
  settings.report_every_steps = 7;
  settings.sample_every_steps = 11;
  settings.evaluate_every_steps = 13;
  settings.checkpoint_every_steps = 22;
  return settings;
}

StepTasks At(uint64_t step, const TrainSettings& settings = Settings()) {
  return TasksAt(settings, TrainLength(settings, 400), step);
}

TEST(TrainScheduleTest, EachTaskHasItsOwnPace) {
  EXPECT_EQ(At(7), (StepTasks{.report = true}));
  EXPECT_EQ(At(11), (StepTasks{.sample = true}));
  EXPECT_EQ(At(13), (StepTasks{.evaluation = true}));
  EXPECT_EQ(At(22), (StepTasks{.sample = true, .checkpoint = true}));
  EXPECT_FALSE(At(23).any());
}

TEST(TrainScheduleTest, TheEndOfAnEpochAndOfTheJobAreReported) {
  EXPECT_EQ(At(50), (StepTasks{.report = true}));
  TrainSettings settings = Settings();
  settings.epochs = 0;
  settings.steps = 60;
  EXPECT_EQ(At(60, settings), (StepTasks{.report = true}));
}

TEST(TrainScheduleTest, ARunMayHaveNoEvaluations) {
  TrainSettings settings = Settings();
  settings.evaluate_every_steps = 0;
  EXPECT_FALSE(At(13, settings).any());
}

}  // namespace
}  // namespace ganserve
