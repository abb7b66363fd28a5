#include "server/train/job_history.h"

#include <gmock/gmock.h>

#include "server/jobs/event_log.h"
#include "server/jobs/trainer_exit_codes.h"
#include "tests/support/read_event_log.h"
#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

class JobHistoryTest : public testing::Test {
 protected:
  JobHistory Open(bool supervised = false) const {
    auto history = JobHistory::Open(folder_.File("events"), supervised);
    EXPECT_TRUE(history.ok()) << history.status();
    return *std::move(history);
  }

  std::vector<v1::TrainEvent> Events() const { return ReadEventLog(folder_.File("events"))->events; }

  const TemporaryFolder folder_;
};

TEST_F(JobHistoryTest, TellsEverythingWithStepAndEpoch) {
  JobHistory history = Open();
  history.SetBatchesPerEpoch(4);
  ASSERT_TRUE(history.RecordLog(0, "a line").ok());
  ASSERT_TRUE(history.RecordLosses(5, {2, 3, 1, 4, 0.5, 0.25, 0.75, 0.125, 3, 2, 7, 64.5, 1.5}).ok());
  ASSERT_TRUE(history.RecordSample(6, "samples/6.png").ok());
  ASSERT_TRUE(history.RecordCheckpoint(8, {"checkpoints/8.ckpt", "digest", 0.5}).ok());
  ASSERT_TRUE(history.RecordExport(9, "exports/9").ok());
  const auto events = Events();
  ASSERT_EQ(events.size(), 5U);
  EXPECT_EQ(events[0].log_line().text(), "a line");
  EXPECT_EQ(events[0].epoch(), 0U);
  EXPECT_EQ(events[1].step(), 5U);
  EXPECT_EQ(events[1].epoch(), 2U);
  EXPECT_EQ(events[2].sample().path(), "samples/6.png");
  EXPECT_EQ(events[3].checkpoint().step(), 8U);
  EXPECT_EQ(events[3].checkpoint().sha256(), "digest");
  EXPECT_EQ(events[3].checkpoint().seconds(), 0.5);
  EXPECT_EQ(events[3].epoch(), 2U);
  EXPECT_EQ(events[4].export_().path(), "exports/9");
  EXPECT_EQ(events[4].epoch(), 3U);
}

TEST_F(JobHistoryTest, TellsEveryNumberOfALossReport) {
  ASSERT_TRUE(Open().RecordLosses(5, {2, 3, 1, 4, 0.5, 0.25, 0.75, 0.125, 3, 2, 7, 64.5, 1.5}).ok());
  const v1::TrainLosses losses = Events()[0].losses();
  EXPECT_EQ(losses.epochs(), 3U);
  EXPECT_EQ(losses.batch(), 1U);
  EXPECT_EQ(losses.batches(), 4U);
  EXPECT_EQ(losses.discriminator_loss(), 0.5);
  EXPECT_EQ(losses.generator_loss(), 0.25);
  EXPECT_EQ(losses.real_score(), 0.75);
  EXPECT_EQ(losses.fake_score(), 0.125);
  EXPECT_EQ(losses.discriminator_gradient_norm(), 3);
  EXPECT_EQ(losses.generator_gradient_norm(), 2);
  EXPECT_EQ(losses.steps_left(), 7U);
  EXPECT_EQ(losses.images_per_second(), 64.5);
  EXPECT_EQ(losses.eta_seconds(), 1.5);
}

TEST_F(JobHistoryTest, TellsStatesAtTheStepOfWhatWasToldLast) {
  JobHistory history = Open();
  ASSERT_TRUE(history.RecordLog(3, "a line").ok());
  ASSERT_TRUE(history.RecordEnd(kTrainerStopped, "why").ok());
  ASSERT_TRUE(history.RecordEnd(kTrainerPermanentError, "because").ok());
  const auto events = Events();
  EXPECT_EQ(events[1].state_change().state(), v1::TRAIN_JOB_STATE_PAUSED);
  EXPECT_EQ(events[1].state_change().message(), "why");
  EXPECT_EQ(events[1].step(), 3U);
  EXPECT_EQ(events[2].terminal().state(), v1::TRAIN_JOB_STATE_FAILED);
  EXPECT_EQ(events[2].terminal().message(), "because");
  EXPECT_EQ(events[2].terminal().last_sequence(), 3U);
}

TEST_F(JobHistoryTest, LeavesTheStatesToAServer) {
  JobHistory history = Open(/*supervised=*/true);
  ASSERT_TRUE(history.RecordRunning().ok());
  ASSERT_TRUE(history.RecordEnd(kTrainerPermanentError, "").ok());
  ASSERT_TRUE(history.RecordLog(1, "a line").ok());
  EXPECT_EQ(Events().size(), 1U);
}

// By a server, which writes the states of the job from then on.
void Tell(const std::string& events, v1::TrainJobState state) {
  v1::TrainEvent event;
  event.mutable_state_change()->set_state(state);
  if (state == v1::TRAIN_JOB_STATE_QUEUED) event.mutable_state_change()->set_queue_ticket(1);
  ASSERT_TRUE(EventLog::Open(events)->Append(event).ok());
}

TEST_F(JobHistoryTest, TellsTheServerThatQueuedTheJobHowTheTrainerEnded) {
  Tell(folder_.File("events"), v1::TRAIN_JOB_STATE_QUEUED);
  JobHistory history = Open();
  EXPECT_TRUE(history.NeedsTrainer());
  ASSERT_TRUE(history.RecordRunning().ok());
  ASSERT_TRUE(history.RecordLog(3, "a line").ok());
  ASSERT_TRUE(history.RecordEnd(kTrainerError, "why").ok());
  const auto events = Events();
  ASSERT_EQ(events.size(), 3U) << "no states";
  EXPECT_EQ(events[2].trainer_end().exit_code(), kTrainerError);
  EXPECT_EQ(events[2].trainer_end().message(), "why");
  EXPECT_EQ(events[2].step(), 3U);
}

TEST_F(JobHistoryTest, AJobIsWantedUntilItsServerPausesOrCancelsIt) {
  Tell(folder_.File("events"), v1::TRAIN_JOB_STATE_QUEUED);
  JobHistory history = Open();
  ASSERT_TRUE(history.RecordLog(0, "a line").ok());
  Tell(folder_.File("events"), v1::TRAIN_JOB_STATE_STARTING);
  Tell(folder_.File("events"), v1::TRAIN_JOB_STATE_RUNNING);
  EXPECT_TRUE(history.IsWanted().value());
  Tell(folder_.File("events"), v1::TRAIN_JOB_STATE_PAUSED);
  EXPECT_FALSE(history.IsWanted().value());
  Tell(folder_.File("events"), v1::TRAIN_JOB_STATE_QUEUED);
  EXPECT_TRUE(history.IsWanted().value()) << "resumed before the trainer looked";
  Tell(folder_.File("events"), v1::TRAIN_JOB_STATE_CANCELLING);
  EXPECT_FALSE(history.IsWanted().value());
  EXPECT_TRUE(history.RecordCheckpoint(1, {}).ok());
  EXPECT_TRUE(Open(/*supervised=*/true).IsWanted().value()) << "a server that has the process sends a signal";
}

TEST_F(JobHistoryTest, AJobWithoutAServerIsAlwaysWanted) {
  JobHistory history = Open();
  ASSERT_TRUE(history.RecordEnd(kTrainerStopped, "").ok());
  EXPECT_TRUE(Open().IsWanted().value());
}

TEST_F(JobHistoryTest, ATrainerThatHasLostTheJobToAnotherWritesNothingMore) {
  JobHistory lost = Open();
  ASSERT_TRUE(lost.RecordLosses(1, {}).ok());
  JobHistory next = Open();
  ASSERT_TRUE(next.RecordLog(0, "Training from the start").ok());
  for (int times = 0; times < 2; ++times) {
    const absl::Status status = lost.RecordLosses(2, {});
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
    EXPECT_EQ(status.message(),
              "event 2 of the job is another trainer's, which has the job now: this one has lost its lock");
    EXPECT_FALSE(lost.IsWanted().ok());
  }
  EXPECT_TRUE(absl::IsUnavailable(lost.RecordEnd(kTrainerStopped, "")));
  EXPECT_TRUE(next.RecordLosses(2, {}).ok());
  EXPECT_EQ(Events().size(), 3U);
}

TEST_F(JobHistoryTest, ALineOfTheServerThatHasTheProcessIsNoOtherTrainer) {
  JobHistory history = Open(/*supervised=*/true);
  v1::TrainEvent line;
  line.mutable_log_line()->set_text("restart 1 of 5");
  ASSERT_TRUE(EventLog::Open(folder_.File("events"))->Append(line).ok());
  EXPECT_TRUE(history.RecordLosses(1, {}).ok());
}

TEST_F(JobHistoryTest, KnowsHowTheJobHasEnded) {
  JobHistory history = Open();
  EXPECT_FALSE(history.end().has_value());
  ASSERT_TRUE(history.RecordEnd(kTrainerFinished, "").ok());
  EXPECT_TRUE(Open().end().value().succeeded);
  ASSERT_TRUE(history.RecordEnd(kTrainerPermanentError, "why").ok());
  EXPECT_FALSE(Open().end().value().succeeded);
  EXPECT_EQ(Open().end().value().message, "why");
  ASSERT_TRUE(history.RecordLog(1, "it goes on").ok());
  EXPECT_FALSE(Open().end().has_value());
}

TEST_F(JobHistoryTest, TellsNothingTwiceWhenARunIsDoneAgain) {
  const auto run = [&](JobHistory history, uint64_t steps) {
    for (uint64_t step = 1; step <= steps; ++step) {
      ASSERT_TRUE(history.RecordLosses(step, {}).ok());
      ASSERT_TRUE(history.RecordSample(step, "png").ok());
      ASSERT_TRUE(history.RecordCheckpoint(step, {}).ok());
    }
  };
  run(Open(), 2);
  run(Open(), 3);
  const auto events = Events();
  ASSERT_EQ(events.size(), 9U);
  for (size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].step(), i / 3 + 1) << i;
}

TEST_F(JobHistoryTest, TellsAgainOfStepsAfterARollbackAndOfEachRollbackOnce) {
  const auto run = [&](JobHistory history) {
    ASSERT_TRUE(history.RecordLosses(5, {}).ok());
    ASSERT_TRUE(history.RecordRollback(4, 1, 0.5).ok());
    ASSERT_TRUE(history.RecordLosses(5, {}).ok());
  };
  run(Open());
  run(Open());
  const auto events = Events();
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[1].rollback().count(), 1U);
  EXPECT_EQ(events[1].rollback().learning_rate_factor(), 0.5);
  EXPECT_EQ(events[2].step(), 5U);
}

QualityReport Report(double fid) {
  QualityReport report;
  report.samples = 100;
  report.features = FeatureQuality{{fid, fid - 1, fid + 1}, {0.5, 0.25}, {0.75, 0.125}};
  report.classes = ClassQuality{{2, 0.5}, {0.25, 0.75}, {0.5, 0.5}, 0.25};
  return report;
}

TEST_F(JobHistoryTest, TellsOfEvaluationsAndKnowsTheBest) {
  JobHistory history = Open();
  ASSERT_TRUE(history.RecordEvaluation(10, Report(30), 1.5).ok());
  ASSERT_TRUE(history.RecordEvaluation(20, Report(20), 1.5).ok());
  ASSERT_TRUE(history.RecordEvaluation(30, Report(25), 1.5).ok());
  const auto events = Events();
  ASSERT_EQ(events.size(), 3U);
  const v1::TrainEvaluation& evaluation = events[1].evaluation();
  EXPECT_EQ(evaluation.samples(), 100U);
  EXPECT_EQ(evaluation.fid(), 20);
  EXPECT_EQ(evaluation.kid(), 0.5);
  EXPECT_EQ(evaluation.precision(), 0.75);
  EXPECT_EQ(evaluation.recall(), 0.125);
  EXPECT_EQ(evaluation.class_shares(1), 0.75);
  EXPECT_EQ(evaluation.class_divergence(), 0.25);
  EXPECT_EQ(evaluation.seconds(), 1.5);
  EXPECT_TRUE(events[0].evaluation().best());
  EXPECT_TRUE(events[1].evaluation().best());
  EXPECT_FALSE(events[2].evaluation().best());
  EXPECT_EQ(history.best()->step, 20U);
  EXPECT_EQ(Open().best()->step, 20U) << "also when the history is opened again";
  EXPECT_EQ(JobHistory::FindBest(folder_.File("events")).value()->fid, 20);
}

TEST_F(JobHistoryTest, AnEvaluationThatIsDoneAgainChangesNothing) {
  ASSERT_TRUE(Open().RecordEvaluation(10, Report(30), 1.5).ok());
  JobHistory history = Open();
  ASSERT_TRUE(history.RecordEvaluation(10, Report(29), 1.5).ok());
  EXPECT_EQ(history.best()->fid, 30);
  EXPECT_EQ(Events().size(), 1U);
}

TEST_F(JobHistoryTest, HasNoBestWithoutAnEvaluation) {
  EXPECT_FALSE(Open().best());
  EXPECT_FALSE(JobHistory::FindBest(folder_.File("events")).value());
}

}  // namespace
}  // namespace ganserve
