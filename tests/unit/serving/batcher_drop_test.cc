// Work that nobody waits for any more, and work that cannot be done.
#include "tests/unit/serving/batcher_fixture.h"

namespace ganserve {
namespace {

using std::chrono::milliseconds;

// Encoders.
class DropTest : public BatcherFixture, public ::testing::TestWithParam<size_t> {
 protected:
  void SetUp() override { Start({.workers = 1, .max_batch_images = 16, .encoders = GetParam()}); }

  Clock::TimePoint In(Clock::Duration duration) const { return clock_.Now() + duration; }
};

INSTANTIATE_TEST_SUITE_P(Encoders, DropTest, ::testing::Values(0, 2));

TEST_P(DropTest, CancelledQueuedWorkReachesNeitherForwardNorEncoder) {
  const auto blocker = HoldWorkers(1).front();
  const auto job = Submit({.seed = 1, .count = 40});
  batcher_->Cancel(*job);
  EXPECT_EQ(job->done_calls(), 1) << "with none of its images in flight, the job is over at once";
  EXPECT_EQ(job->WaitDone().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(batcher_->queued_images(), 0u);
  generator_->Release();
  ExpectComplete(*blocker);
  batcher_->Close();
  EXPECT_EQ(generator_->images(), 1u);
  EXPECT_EQ(encoder_.images(), 1u);
  EXPECT_EQ(job->done_calls(), 1);
  EXPECT_EQ(metrics_.dropped(DropReason::kCancelled), 40u);
}

TEST_P(DropTest, WorkCancelledDuringTheForwardPassIsNotEncoded) {
  generator_->Hold();
  const auto job = Submit({.seed = 1, .count = 40});
  generator_->WaitForHeld(1);
  batcher_->Cancel(*job);
  batcher_->Cancel(*job);
  EXPECT_EQ(job->done_calls(), 0) << "its images are still with a worker";
  generator_->Release();
  EXPECT_EQ(job->WaitDone().code(), absl::StatusCode::kCancelled);
  batcher_->Close();
  EXPECT_EQ(encoder_.images(), 0u);
  EXPECT_EQ(generator_->images(), 16u);
  EXPECT_EQ(job->done_calls(), 1);
  EXPECT_EQ(job->image_count(), 0u);
  EXPECT_EQ(metrics_.dropped(DropReason::kCancelled), 40u);
}

TEST_P(DropTest, BatchMatesOfACancelledJobAreServed) {
  HoldWorkers(1);
  const auto job = Submit({.seed = 1, .count = 3});
  const auto mate = Submit({.seed = 2, .count = 3});
  generator_->ReleaseOne();
  generator_->WaitForHeld(1);
  batcher_->Cancel(*job);
  generator_->Release();
  ExpectComplete(*mate);
  EXPECT_EQ(job->WaitDone().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(job->image_count(), 0u);
}

TEST_P(DropTest, ExpiredQueuedWorkReachesNeitherForwardNorEncoder) {
  const auto blocker = HoldWorkers(1).front();
  const auto job = Submit({.seed = 1, .count = 40, .deadline = In(milliseconds(10))});
  clock_.Advance(milliseconds(10));
  generator_->Release();
  EXPECT_EQ(job->WaitDone().code(), absl::StatusCode::kDeadlineExceeded);
  ExpectComplete(*blocker);
  batcher_->Close();
  EXPECT_EQ(generator_->images(), 1u);
  EXPECT_EQ(encoder_.images(), 1u);
  EXPECT_EQ(job->done_calls(), 1);
  EXPECT_EQ(metrics_.dropped(DropReason::kExpired), 40u);
}

TEST_P(DropTest, WorkThatExpiresDuringTheForwardPassIsNotEncoded) {
  generator_->Hold();
  const auto job = Submit({.seed = 1, .count = 40, .deadline = In(milliseconds(10))});
  generator_->WaitForHeld(1);
  clock_.Advance(milliseconds(10));
  generator_->Release();
  EXPECT_EQ(job->WaitDone().code(), absl::StatusCode::kDeadlineExceeded);
  batcher_->Close();
  EXPECT_EQ(generator_->images(), 16u);
  EXPECT_EQ(encoder_.images(), 0u);
  EXPECT_EQ(metrics_.dropped(DropReason::kExpired), 40u);
}

TEST_P(DropTest, WorkIsDoneUntilTheDeadline) {
  HoldWorkers(1);
  const auto job = Submit({.seed = 1, .count = 8, .deadline = In(milliseconds(10))});
  clock_.Advance(milliseconds(10) - Clock::Duration(1));
  generator_->Release();
  ExpectComplete(*job);
}

TEST_P(DropTest, ALateCancelOfAnExpiredJobSaysThatItExpired) {
  HoldWorkers(1);
  const auto job = Submit({.seed = 1, .count = 1, .deadline = In(milliseconds(10))});
  clock_.Advance(milliseconds(11));
  batcher_->Cancel(*job);
  EXPECT_EQ(job->WaitDone().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(metrics_.dropped(DropReason::kExpired), 1u);
  generator_->Release();
}

TEST_P(DropTest, CancelAfterTheEndDoesNothing) {
  const auto job = Submit({.seed = 1, .count = 3});
  ExpectComplete(*job);
  batcher_->Cancel(*job);
  ExpectComplete(*job);
  EXPECT_EQ(metrics_.totals().all_dropped(), 0u);
}

TEST_P(DropTest, CancelOfAJobThatWasNeverAcceptedDoesNothing) {
  const auto job = MakeJob({.seed = 1, .count = 3});
  batcher_->Cancel(*job);
  EXPECT_EQ(job->done_calls(), 0);
}

TEST_P(DropTest, AJobMayCancelItselfWhileItTakesImages) {
  auto job = MakeJob({.seed = 1, .count = 40});
  job->BeforeImages([this, raw = job.get()](size_t) { batcher_->Cancel(*raw); });
  ASSERT_TRUE(batcher_->Submit(job).ok());
  EXPECT_EQ(job->WaitDone().code(), absl::StatusCode::kCancelled);
  batcher_->Close();
  EXPECT_EQ(job->done_calls(), 1);
  EXPECT_EQ(job->wrong_images(), 0u);
  EXPECT_LT(job->image_count(), 40u);
  EXPECT_EQ(metrics_.totals().images + metrics_.dropped(DropReason::kCancelled), 40u);
}

TEST_P(DropTest, AnImageThatCannotBeMadeCostsOnlyItsOwnCaller) {
  HoldWorkers(1);
  generator_->FailFor(2, 1);
  const auto first = Submit({.seed = 1, .count = 3});
  const auto culprit = Submit({.seed = 2, .count = 3});
  const auto last = Submit({.seed = 3, .count = 3});
  generator_->Release();
  ExpectComplete(*first);
  ExpectComplete(*last);
  EXPECT_EQ(culprit->WaitDone(), absl::InternalError("an image cannot be made"));
  EXPECT_EQ(culprit->done_calls(), 1);
  EXPECT_EQ(metrics_.totals().batch_failures, 1u) << "however often it was halved";
  EXPECT_EQ(metrics_.dropped(DropReason::kFailed), 3u);
}

TEST_P(DropTest, AGeneratorThatAlwaysFailsFailsEveryJob) {
  generator_->FailAlways(absl::InternalError("not finite"));
  std::vector<JobPointer> jobs;
  for (uint64_t seed = 0; seed < 10; ++seed) jobs.push_back(Submit({.seed = seed, .count = 20}));
  for (const auto& job : jobs) {
    EXPECT_EQ(job->WaitDone(), absl::InternalError("not finite"));
    EXPECT_EQ(job->image_count(), 0u);
  }
  EXPECT_EQ(encoder_.images(), 0u);
  EXPECT_EQ(metrics_.dropped(DropReason::kFailed), 200u);
}

TEST_F(BatcherTest, AnEncoderThatFailsFailsTheJob) {
  encoder_.OnEncode([] { return absl::InternalError("no memory for the image"); });
  Start({});
  EXPECT_EQ(Submit({.seed = 1, .count = 5})->WaitDone(), absl::InternalError("no memory for the image"));
}

}  // namespace
}  // namespace ganserve
