#include "server/jobs/job_standing.h"

#include <gmock/gmock.h>

#include "server/jobs/job_state.h"
#include "server/jobs/trainer_exit_codes.h"

namespace ganserve {
namespace {

class JobStandingTest : public testing::Test {
 protected:
  void Queue(uint64_t ticket) {
    v1::TrainEvent event;
    event.mutable_state_change()->set_state(v1::TRAIN_JOB_STATE_QUEUED);
    event.mutable_state_change()->set_queue_ticket(ticket);
    standing_.Apply(event);
  }
  void Tell(v1::TrainJobState state) {
    v1::TrainEvent event;
    TellState(state, "", &event);
    standing_.Apply(event);
  }
  void Train() {
    v1::TrainEvent event;
    event.mutable_losses();
    standing_.Apply(event);
  }
  void End(int exit_code) {
    v1::TrainEvent event;
    event.mutable_trainer_end()->set_exit_code(exit_code);
    standing_.Apply(event);
  }

  JobStanding standing_;
};

TEST_F(JobStandingTest, AJobThatNoServerHasQueuedNeedsNoTrainer) {
  EXPECT_FALSE(standing_.served());
  Tell(v1::TRAIN_JOB_STATE_RUNNING);  // by a trainer without a server
  EXPECT_FALSE(standing_.served());
  EXPECT_FALSE(standing_.NeedsTrainer());
}

TEST_F(JobStandingTest, AQueuedJobNeedsOneAndHasItsLastTicket) {
  Queue(3);
  Queue(7);
  EXPECT_TRUE(standing_.served());
  EXPECT_EQ(standing_.ticket(), 7U);
  EXPECT_TRUE(standing_.NeedsTrainer());
}

TEST_F(JobStandingTest, TheLastStateIsWhatTheServerWants) {
  Queue(1);
  for (const auto& [state, wanted] : {std::pair(v1::TRAIN_JOB_STATE_STARTING, true),
                                      {v1::TRAIN_JOB_STATE_RUNNING, true},
                                      {v1::TRAIN_JOB_STATE_PAUSED, false},
                                      {v1::TRAIN_JOB_STATE_CANCELLING, false},
                                      {v1::TRAIN_JOB_STATE_CANCELLED, false},
                                      {v1::TRAIN_JOB_STATE_FAILED, false}}) {
    Tell(state);
    EXPECT_EQ(standing_.WantsTraining(), wanted) << TrainJobStateName(state);
    EXPECT_EQ(standing_.NeedsTrainer(), wanted) << TrainJobStateName(state);
  }
}

TEST_F(JobStandingTest, AfterTheEndOfATrainerAnotherIsNeededUnlessItGotAsFarAsOneCan) {
  for (const auto& [code, needed] : {std::pair(kTrainerStopped, true),
                                     {kTrainerError, true},
                                     {kTrainerFinished, false},
                                     {kTrainerPermanentError, false},
                                     {kTrainerOutOfDisk, false}}) {
    Queue(1);
    Train();
    End(code);
    EXPECT_EQ(standing_.NeedsTrainer(), needed) << code;
    EXPECT_EQ(standing_.end().value().exit_code(), code);
  }
}

TEST_F(JobStandingTest, AnEndCountsUntilTheNextTrainerTellsSomethingOrTheJobIsQueuedAgain) {
  Queue(1);
  Train();
  End(kTrainerFinished);
  Tell(v1::TRAIN_JOB_STATE_RUNNING);  // the server has read the first word only now
  EXPECT_TRUE(standing_.end());
  Train();
  EXPECT_FALSE(standing_.end());
  EXPECT_TRUE(standing_.heard());
  End(kTrainerStopped);
  Queue(1);
  EXPECT_FALSE(standing_.end());
  EXPECT_FALSE(standing_.heard());
}

}  // namespace
}  // namespace ganserve
