#include "server/eval/alarm_state.h"

#include <gtest/gtest.h>

namespace ganserve {
namespace {

TEST(AlarmStateTest, SurvivesExactly) {
  const CollapseAlarm::State state{7, 0.1, 1.0 / 3, 4, true, false, true};
  const CollapseAlarm::State read = DecodeAlarmState(EncodeAlarmState(state));
  EXPECT_EQ(EncodeAlarmState(read), EncodeAlarmState(state));
  EXPECT_EQ(read.quality_reports, 7);
  EXPECT_EQ(read.best_recall, 0.1);
  EXPECT_EQ(read.best_divergence, 1.0 / 3);
  EXPECT_EQ(read.low_losses, 4);
  EXPECT_TRUE(read.recall_sounds);
  EXPECT_FALSE(read.classes_sound);
  EXPECT_TRUE(read.loss_sounds);
}

TEST(AlarmStateTest, WhatIsNoStateIsThatOfNothingSeen) {
  for (const char* text : {"", "1 2", "nothing at all"}) {
    EXPECT_EQ(EncodeAlarmState(DecodeAlarmState(text)), EncodeAlarmState({})) << text;
  }
}

}  // namespace
}  // namespace ganserve
