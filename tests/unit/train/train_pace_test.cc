#include "server/train/train_pace.h"

#include <gmock/gmock.h>

#include "tests/support/fake_clock.h"

namespace ganserve {
namespace {

TEST(TrainPaceTest, CountsStepsSinceTheLastCall) {
  FakeClock clock;
  TrainPace pace(clock);
  for (int step = 0; step < 10; ++step) pace.CountStep();
  clock.Advance(std::chrono::seconds(5));
  EXPECT_DOUBLE_EQ(pace.TakeStepsPerSecond(), 2);
  pace.CountStep();
  clock.Advance(std::chrono::milliseconds(250));
  EXPECT_DOUBLE_EQ(pace.TakeStepsPerSecond(), 4);
}

TEST(TrainPaceTest, KnowsNoPaceWhenNoTimeHasPassed) {
  FakeClock clock;
  TrainPace pace(clock);
  pace.CountStep();
  EXPECT_EQ(pace.TakeStepsPerSecond(), 0);
}

}  // namespace
}  // namespace ganserve
