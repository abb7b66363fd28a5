// Jobs whose trainers are in other pods: the server follows what they write and what becomes of them.
#include "server/jobs/external_runner.h"

#include "tests/unit/jobs/external_fixture.h"

namespace ganserve {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(ExternalRunnerTest, FollowsATrainerFromItsFirstWordToItsEndAndStartsNone) {
  Begin();
  const std::string id = SubmitOk("finish");
  EXPECT_EQ(supervisor_->table().Get(id)->state(), v1::TRAIN_JOB_STATE_QUEUED);
  RemoteTrainer trainer = StartTraining(id);
  trainer.Checkpoint(3);
  trainer.End(kTrainerFinished);
  WaitForEnd(id);
  EXPECT_THAT(States(id), ElementsAre("QUEUED", "STARTING", "RUNNING", "SUCCEEDED"));
  EXPECT_EQ(Starts(id), 0U);
  const auto events = ReadEventLog(supervisor_->JobPath(id) + "/events")->events;
  for (size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].sequence(), i + 1);
  EXPECT_TRUE(events.back().has_terminal());
}

TEST_F(ExternalRunnerTest, AsManyJobsRunAsThereAreTrainers) {
  options_.max_running = 1;
  Begin();
  const std::string first = SubmitOk("finish");
  const std::string second = SubmitOk("finish");
  const RemoteTrainer trainer = StartTraining(first);
  const RemoteTrainer other = StartTraining(second);
  PassTime();  // what is counted is published
  EXPECT_EQ(metrics_.by_state().at("QUEUED"), 0U);
}

TEST_F(ExternalRunnerTest, TheJobOfAStoppedTrainerWaitsForTheNextWithItsOldTicket) {
  Begin();
  const std::string id = SubmitOk("finish");
  StartTraining(id).End(kTrainerStopped, "stopped by a signal");
  const v1::TrainStateChange queued = WaitForAnother(id, v1::TRAIN_JOB_STATE_QUEUED, 1);
  EXPECT_EQ(queued.message(), "trainer ended: stopped by a signal");
  EXPECT_EQ(queued.queue_ticket(), 1U);
  RemoteTrainer next = TrainerOf(id);
  next.Loss(2);
  WaitForAnother(id, v1::TRAIN_JOB_STATE_RUNNING, 1);
  next.End(kTrainerFinished);
  EXPECT_EQ(WaitForEnd(id).terminal().state(), v1::TRAIN_JOB_STATE_SUCCEEDED);
  EXPECT_EQ(metrics_.restarts, 0);
}

TEST_F(ExternalRunnerTest, WhatNoTrainerCanMendFailsTheJobWithItsLastWords) {
  Begin();
  const std::string id = SubmitOk("finish");
  TrainerOf(id).End(kTrainerPermanentError, "the data is bad");
  const v1::TrainTerminal end = WaitForEnd(id).terminal();
  EXPECT_EQ(end.state(), v1::TRAIN_JOB_STATE_FAILED);
  EXPECT_EQ(end.message(), "trainer ended with exit code 4: the data is bad");
}

TEST_F(ExternalRunnerTest, AFullDiskPausesTheJob) {
  Begin();
  const std::string id = SubmitOk("finish");
  StartTraining(id).End(kTrainerOutOfDisk, "no space left");
  EXPECT_THAT(WaitForAnother(id, v1::TRAIN_JOB_STATE_PAUSED, 0).message(),
              AllOf(HasSubstr("out of disk"), HasSubstr("no space left")));
  ASSERT_TRUE(Resume(id).ok());
  StartTraining(id).End(kTrainerFinished);
  EXPECT_EQ(WaitForEnd(id).terminal().state(), v1::TRAIN_JOB_STATE_SUCCEEDED);
}

TEST_F(ExternalRunnerTest, AKilledTrainerIsNoticedByItsLockAndItsJobWaitsForTheNext) {
  Begin();
  const std::string id = SubmitOk("finish");
  StartTraining(id).Die();
  PassTime();
  EXPECT_EQ(WaitForAnother(id, v1::TRAIN_JOB_STATE_QUEUED, 1).message(),
            "trainer ended with an unknown exit code (killed, or its machine is lost); restart 1 of 5 when the next "
            "trainer comes");
  EXPECT_EQ(metrics_.restarts, 1);
}

TEST_F(ExternalRunnerTest, ATrainerThatLivesIsLeftAloneHoweverLongItIsSilent) {
  Begin();
  const std::string id = SubmitOk("finish");
  const RemoteTrainer trainer = StartTraining(id);
  for (int times = 0; times < 4; ++times) PassTime();
  EXPECT_EQ(supervisor_->table().Get(id)->state(), v1::TRAIN_JOB_STATE_RUNNING);
}

TEST_F(ExternalRunnerTest, AfterTooManyDeathsWithoutANewCheckpointTheJobHasFailed) {
  options_.runner.max_restarts = 2;
  Begin();
  const std::string id = SubmitOk("finish");
  for (int deaths = 0; deaths < 2; ++deaths) {
    TrainerOf(id).End(kTrainerError, "boom");
    WaitForAnother(id, v1::TRAIN_JOB_STATE_QUEUED, deaths + 1);
  }
  RemoteTrainer trainer = TrainerOf(id);
  trainer.Checkpoint(1);
  trainer.End(kTrainerError, "boom");
  WaitForAnother(id, v1::TRAIN_JOB_STATE_QUEUED, 3);
  for (int deaths = 0; deaths < 2; ++deaths) {
    TrainerOf(id).End(kTrainerError, "boom");
    if (deaths == 0) WaitForAnother(id, v1::TRAIN_JOB_STATE_QUEUED, 4);
  }
  const v1::TrainTerminal end = WaitForEnd(id).terminal();
  EXPECT_EQ(end.state(), v1::TRAIN_JOB_STATE_FAILED);
  EXPECT_EQ(end.message(), "trainer ended with exit code 1 after 2 restarts without a new checkpoint: boom");
}

TEST_F(ExternalRunnerTest, ATrainerOutlivesTheServer) {
  Begin();
  const std::string id = SubmitOk("finish");
  RemoteTrainer trainer = StartTraining(id);
  Restart();
  trainer.Loss(2);
  trainer.End(kTrainerFinished);
  EXPECT_EQ(WaitForEnd(id).terminal().state(), v1::TRAIN_JOB_STATE_SUCCEEDED);
  EXPECT_THAT(States(id), ElementsAre("QUEUED", "STARTING", "RUNNING", "SUCCEEDED"));
}

TEST_F(ExternalRunnerTest, WhatHappenedWithoutAServerIsTakenUpByTheNext) {
  Begin();
  const std::string finished = SubmitOk("finish");
  const std::string begun = SubmitOk("finish");
  const std::string killed = SubmitOk("finish");
  RemoteTrainer first = StartTraining(finished);
  RemoteTrainer third = StartTraining(killed);
  RemoteTrainer second = TrainerOf(begun);
  supervisor_.reset();
  first.End(kTrainerFinished);
  second.Loss(1);
  third.Die();
  Begin();
  EXPECT_EQ(WaitForEnd(finished).terminal().state(), v1::TRAIN_JOB_STATE_SUCCEEDED);
  WaitForState(begun, v1::TRAIN_JOB_STATE_RUNNING);
  EXPECT_THAT(WaitForAnother(killed, v1::TRAIN_JOB_STATE_QUEUED, 1).message(), HasSubstr("unknown exit code"));
}

TEST_F(ExternalRunnerTest, ACancelThatTheServerDidNotLiveToSeeIsFinishedByTheNext) {
  Begin();
  const std::string id = SubmitOk("finish");
  RemoteTrainer trainer = StartTraining(id);
  ASSERT_TRUE(Cancel(id).ok());
  supervisor_.reset();
  trainer.End(kTrainerStopped);
  Begin();
  EXPECT_EQ(WaitForEnd(id).terminal().state(), v1::TRAIN_JOB_STATE_CANCELLED);
}

TEST_F(ExternalRunnerTest, AFinishedJobIsPromotedBeforeItsTerminalEvent) {
  options_.runner.promote = [](const JobPromotion& promotion, auto done) { done("promoted to " + promotion.model); };
  Begin();
  v1::TrainSpec spec = Spec("finish");
  spec.set_promote_to_model("digits");
  const Info info = Submit(spec);
  ASSERT_TRUE(info.ok()) << info.status();
  StartTraining(info->id()).End(kTrainerFinished);
  const v1::TrainTerminal end = WaitForEnd(info->id()).terminal();
  EXPECT_EQ(end.state(), v1::TRAIN_JOB_STATE_SUCCEEDED);
  EXPECT_EQ(end.message(), "promoted to digits");
}

}  // namespace
}  // namespace ganserve
