#include "server/jobs/job_state.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <vector>

namespace ganserve {
namespace {

constexpr auto kFirst = v1::TRAIN_JOB_STATE_QUEUED;

std::vector<v1::TrainJobState> AllStates() {
  std::vector<v1::TrainJobState> states;
  for (int state = kFirst; state <= v1::TrainJobState_MAX; ++state) states.push_back(v1::TrainJobState(state));
  return states;
}

bool CanFollow(v1::TrainJobState from, v1::TrainJobState to) { return CheckTransition("j", from, to).ok(); }

TEST(JobStateTest, NothingFollowsATerminalStateAndSomethingEveryOther) {
  for (const auto from : AllStates()) {
    const auto states = AllStates();
    const bool has_next = std::any_of(states.begin(), states.end(), [&](auto to) { return CanFollow(from, to); });
    EXPECT_EQ(has_next, !IsTerminal(from)) << TrainJobStateName(from);
  }
}

TEST(JobStateTest, NoStateFollowsItself) {
  for (const auto state : AllStates()) EXPECT_FALSE(CanFollow(state, state)) << TrainJobStateName(state);
}

TEST(JobStateTest, AJobThatWaitsIsNeverRunningWithoutBeingStarted) {
  EXPECT_TRUE(CanFollow(v1::TRAIN_JOB_STATE_QUEUED, v1::TRAIN_JOB_STATE_STARTING));
  EXPECT_FALSE(CanFollow(v1::TRAIN_JOB_STATE_QUEUED, v1::TRAIN_JOB_STATE_RUNNING));
  EXPECT_FALSE(CanFollow(v1::TRAIN_JOB_STATE_PAUSED, v1::TRAIN_JOB_STATE_RUNNING));
}

TEST(JobStateTest, ACancelledJobIsNotRestarted) {
  EXPECT_TRUE(CanFollow(v1::TRAIN_JOB_STATE_CANCELLING, v1::TRAIN_JOB_STATE_CANCELLED));
  EXPECT_FALSE(CanFollow(v1::TRAIN_JOB_STATE_CANCELLING, v1::TRAIN_JOB_STATE_STARTING));
  EXPECT_FALSE(CanFollow(v1::TRAIN_JOB_STATE_CANCELLING, v1::TRAIN_JOB_STATE_QUEUED));
}

TEST(JobStateTest, TheErrorNamesJobAndStates) {
  const auto status = CheckTransition("j7", v1::TRAIN_JOB_STATE_SUCCEEDED, v1::TRAIN_JOB_STATE_PAUSED);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "job j7 is SUCCEEDED and can't become PAUSED");
}

TEST(JobStateTest, AnUnknownStateHasItsNumberForAName) { EXPECT_EQ(TrainJobStateName(v1::TrainJobState(99)), "99"); }

}  // namespace
}  // namespace ganserve
