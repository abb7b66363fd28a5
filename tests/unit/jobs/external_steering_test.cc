// Cancel, pause and resume of jobs whose trainers are in other pods: the server says in the history what it wants.
#include "tests/unit/jobs/external_fixture.h"

namespace ganserve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(ExternalRunnerTest, ACancelledJobEndsWhenItsTrainerHasEnded) {
  Begin();
  const std::string id = SubmitOk("finish");
  RemoteTrainer trainer = StartTraining(id);
  ASSERT_TRUE(Cancel(id).ok());
  WaitForState(id, v1::TRAIN_JOB_STATE_CANCELLING);
  EXPECT_EQ(supervisor_->table().Get(id)->state(), v1::TRAIN_JOB_STATE_CANCELLING);
  trainer.Checkpoint(2);
  trainer.End(kTrainerStopped, "stopped by the server");
  WaitForEnd(id);
  EXPECT_THAT(States(id), ElementsAre("QUEUED", "STARTING", "RUNNING", "CANCELLING", "CANCELLED"));
  EXPECT_TRUE(ReadEventLog(supervisor_->JobPath(id) + "/events")->events.back().has_terminal());
}

TEST_F(ExternalRunnerTest, ATrainerThatReadsItsDataIsWaitedForToo) {
  Begin();
  const std::string id = SubmitOk("finish");
  RemoteTrainer trainer = TrainerOf(id);
  ASSERT_TRUE(Cancel(id).ok());
  EXPECT_EQ(supervisor_->table().Get(id)->state(), v1::TRAIN_JOB_STATE_CANCELLING);
  trainer.Die();
  PassTime();
  EXPECT_EQ(WaitForEnd(id).terminal().state(), v1::TRAIN_JOB_STATE_CANCELLED);
}

TEST_F(ExternalRunnerTest, AJobWithoutATrainerIsCancelledAndPausedAtOnce) {
  Begin();
  const std::string waiting = SubmitOk("finish");
  const std::string orphan = SubmitOk("finish");
  StartTraining(orphan).Die();
  EXPECT_EQ(Pause(waiting)->state(), v1::TRAIN_JOB_STATE_PAUSED);
  EXPECT_EQ(Cancel(waiting)->state(), v1::TRAIN_JOB_STATE_CANCELLED);
  EXPECT_EQ(Cancel(orphan)->state(), v1::TRAIN_JOB_STATE_CANCELLED);
  EXPECT_TRUE(Delete(orphan).ok());
}

TEST_F(ExternalRunnerTest, PauseIsAnsweredWhenTheTrainerHasEndedAndDeleteWaitsForThatToo) {
  Begin();
  const std::string id = SubmitOk("finish");
  RemoteTrainer trainer = StartTraining(id);
  std::future<Info> paused = PauseLater(id);
  EXPECT_THAT(std::string(Delete(id).status().message()), HasSubstr("its trainer has not ended yet"));
  EXPECT_EQ(paused.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  trainer.Checkpoint(2);
  trainer.End(kTrainerStopped, "stopped by the server");
  const Info info = paused.get();
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->state(), v1::TRAIN_JOB_STATE_PAUSED);
  EXPECT_EQ(info->last_checkpoint().step(), 2U);
  EXPECT_TRUE(Delete(id).ok());
}

TEST_F(ExternalRunnerTest, APauseWhoseTrainerIsKilledIsAnsweredAllTheSame) {
  Begin();
  const std::string id = SubmitOk("finish");
  RemoteTrainer trainer = StartTraining(id);
  std::future<Info> paused = PauseLater(id);
  trainer.Die();
  PassTime();
  EXPECT_TRUE(paused.get().ok());
  EXPECT_EQ(metrics_.restarts, 0);
}

TEST_F(ExternalRunnerTest, AJobResumedBeforeItsTrainerNoticedThePauseGoesOnWithIt) {
  Begin();
  const std::string id = SubmitOk("finish");
  RemoteTrainer trainer = StartTraining(id);
  std::future<Info> paused = PauseLater(id);
  ASSERT_TRUE(Resume(id).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(paused.get().status()));
  trainer.Loss(2);
  WaitForAnother(id, v1::TRAIN_JOB_STATE_RUNNING, 1);
  trainer.End(kTrainerFinished);
  EXPECT_EQ(WaitForEnd(id).terminal().state(), v1::TRAIN_JOB_STATE_SUCCEEDED);
}

TEST_F(ExternalRunnerTest, ACancelOvertakesAPause) {
  Begin();
  const std::string id = SubmitOk("finish");
  RemoteTrainer trainer = StartTraining(id);
  std::future<Info> paused = PauseLater(id);
  ASSERT_TRUE(Cancel(id).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(paused.get().status()));
  trainer.End(kTrainerStopped);
  EXPECT_EQ(WaitForEnd(id).terminal().state(), v1::TRAIN_JOB_STATE_CANCELLED);
}

TEST_F(ExternalRunnerTest, AServerThatStopsLeavesTheTrainerAndTellsWhoWaitsForAPause) {
  Begin();
  const std::string id = SubmitOk("finish");
  const RemoteTrainer trainer = StartTraining(id);
  std::future<Info> paused = PauseLater(id);
  supervisor_->Close();
  EXPECT_TRUE(absl::IsUnavailable(paused.get().status()));
}

}  // namespace
}  // namespace ganserve
