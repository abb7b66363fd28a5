// Start and end of a batcher's life.
#include <map>
#include <thread>

#include "tests/unit/serving/batcher_fixture.h"

namespace ganserve {
namespace {

// Encoders.
class CloseTest : public BatcherFixture, public ::testing::TestWithParam<size_t> {
 protected:
  void StartWorkers(size_t workers) { Start({.workers = workers, .max_batch_images = 4, .encoders = GetParam()}); }
};

INSTANTIATE_TEST_SUITE_P(Encoders, CloseTest, ::testing::Values(0, 2));

TEST_P(CloseTest, EndsQueuedWorkAtOnceAndWaitsForTheBatchInFlight) {
  StartWorkers(1);
  const auto in_flight = HoldWorkers(1).front();
  const auto queued = Submit({.seed = 1, .count = 40});
  std::jthread closing([this] { batcher_->Close(); });
  EXPECT_EQ(queued->WaitDone().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(in_flight->done_calls(), 0);
  EXPECT_EQ(batcher_->Submit(MakeJob({.seed = 2, .count = 1})).code(), absl::StatusCode::kUnavailable);
  generator_->Release();
  closing.join();
  EXPECT_EQ(in_flight->WaitDone().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(in_flight->done_calls(), 1);
  EXPECT_EQ(queued->done_calls(), 1);
  EXPECT_EQ(generator_->images(), 1u);
  EXPECT_EQ(encoder_.images(), 0u);
}

TEST_P(CloseTest, EndsAJobThatWaitsForItsReader) {
  StartWorkers(1);
  const auto stalled = Submit({.seed = 1, .count = 40, .window = 2});
  stalled->WaitForImages(2);
  batcher_->Close();
  EXPECT_EQ(stalled->WaitDone().code(), absl::StatusCode::kUnavailable);
  batcher_->Grant(*stalled, 5);
  batcher_->Cancel(*stalled);
  EXPECT_EQ(stalled->done_calls(), 1);
}

TEST_P(CloseTest, IsIdempotentFromSeveralThreads) {
  StartWorkers(2);
  const auto job = Submit({.seed = 1, .count = 200});
  {
    std::jthread one([this] { batcher_->Close(); });
    std::jthread two([this] { batcher_->Close(); });
  }
  batcher_->Close();
  job->WaitDone().IgnoreError();
  EXPECT_EQ(job->done_calls(), 1);
}

TEST_P(CloseTest, RefusesWhatComesLater) {
  StartWorkers(1);
  batcher_->Close();
  const auto late = MakeJob({.seed = 1, .count = 7});
  EXPECT_EQ(batcher_->Submit(late), absl::UnavailableError("the server is stopping"));
  EXPECT_EQ(late->done_calls(), 0);
  EXPECT_EQ(metrics_.dropped(DropReason::kRejected), 7u);
  EXPECT_EQ(batcher_->WarmUp(*generator_), absl::UnavailableError("the server is stopping"));
}

TEST_P(CloseTest, TheDestructorEndsQueuedWork) {
  StartWorkers(2);
  std::vector<JobPointer> jobs;
  for (uint64_t seed = 0; seed < 50; ++seed) jobs.push_back(Submit({.seed = seed, .count = 20}));
  batcher_.reset();
  for (const auto& job : jobs) {
    EXPECT_EQ(job->done_calls(), 1);
    EXPECT_EQ(job->wrong_images(), 0u);
    EXPECT_EQ(job.use_count(), 1) << "the batcher keeps no share of a job that is over";
  }
}

TEST_P(CloseTest, AJobThatIsOverIsLetGoWithItsGenerator) {
  StartWorkers(1);
  auto job = Submit({.seed = 1, .count = 9});
  ExpectComplete(*job);
  batcher_->Close();
  EXPECT_EQ(job.use_count(), 1);
  job.reset();
  EXPECT_EQ(generator_.use_count(), 1);
}

TEST_P(CloseTest, WarmUpRunsEveryBatchSizeOnEveryWorker) {
  Start({.workers = 3, .max_batch_images = 12, .encoders = GetParam()});
  ASSERT_EQ(batcher_->WarmUp(*generator_), absl::OkStatus());
  std::map<std::thread::id, std::vector<size_t>> sizes;
  for (const auto& call : generator_->calls()) sizes[call.thread].push_back(call.images);
  EXPECT_EQ(sizes.size(), 3u);
  for (const auto& [thread, of_thread] : sizes) EXPECT_EQ(of_thread, (std::vector<size_t>{1, 2, 4, 8, 12}));
  EXPECT_EQ(metrics_.totals().batches, 0u) << "nobody asked for these images";
}

TEST_P(CloseTest, WarmUpCanBeRepeatedAmongJobs) {
  StartWorkers(2);
  FakeGenerator next(SmallModel(3));
  const auto before = Submit({.seed = 1, .count = 100});
  ASSERT_EQ(batcher_->WarmUp(*generator_), absl::OkStatus());
  ASSERT_EQ(batcher_->WarmUp(next), absl::OkStatus());
  EXPECT_EQ(next.calls().size(), 6u);
  ExpectComplete(*before);
  ExpectComplete(*Submit({.seed = 2, .count = 100}));
}

TEST_P(CloseTest, WarmUpReturnsTheGeneratorsErrorAndTheNextMaySucceed) {
  StartWorkers(2);
  FakeGenerator broken;
  broken.FailAlways(absl::InternalError("not finite"));
  EXPECT_EQ(batcher_->WarmUp(broken), absl::InternalError("not finite"));
  EXPECT_EQ(batcher_->WarmUp(*generator_), absl::OkStatus());
}

TEST_P(CloseTest, AWarmUpUnderWayDoesNotHangWhenClosed) {
  StartWorkers(3);
  generator_->Hold();
  absl::Status status;
  std::jthread warming([&] { status = batcher_->WarmUp(*generator_); });
  generator_->WaitForHeld(3);
  const auto queued = Submit({.seed = 1, .count = 1});
  std::jthread closing([this] { batcher_->Close(); });
  EXPECT_EQ(queued->WaitDone().code(), absl::StatusCode::kUnavailable);
  generator_->Release();
  warming.join();
  closing.join();
  EXPECT_EQ(status, absl::OkStatus());
}

TEST_P(CloseTest, WarmUpAndCloseMayMeetInAnyOrder) {
  for (int round = 0; round < 100; ++round) {
    StartWorkers(3);
    absl::Status status;
    {
      std::jthread warming([&] { status = batcher_->WarmUp(*generator_); });
      std::jthread closing([this] { batcher_->Close(); });
    }
    EXPECT_TRUE(status.ok() || absl::IsUnavailable(status)) << status;
  }
}

}  // namespace
}  // namespace ganserve
