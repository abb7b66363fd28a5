// Streams: no further ahead of their readers than their window.
#include <algorithm>
#include <atomic>

#include "tests/unit/serving/batcher_fixture.h"

namespace ganserve {
namespace {

class WindowTest : public BatcherTest {
 protected:
  void SetUp() override { Start({.workers = 1, .max_batch_images = 16}); }
};

TEST_F(WindowTest, AStalledReaderGetsItsWindowAndHoldsNoWorker) {
  const auto stalled = Submit({.seed = 1, .count = 100, .window = 4});
  stalled->WaitForImages(4);
  ExpectComplete(*Submit({.seed = 2, .count = 50}));
  EXPECT_EQ(stalled->image_count(), 4u);
  EXPECT_EQ(stalled->done_calls(), 0);
  EXPECT_EQ(generator_->images(), 54u);
  EXPECT_EQ(batcher_->queued_images(), 0u);
  batcher_->Cancel(*stalled);
  EXPECT_EQ(stalled->done_calls(), 1);
}

TEST_F(WindowTest, AGrantMovesTheWindowOn) {
  const auto job = Submit({.seed = 1, .count = 10, .window = 4});
  job->WaitForImages(4);
  batcher_->Grant(*job, 3);
  job->WaitForImages(7);
  ExpectComplete(*Submit({.seed = 2, .count = 1}));
  EXPECT_EQ(job->image_count(), 7u);
  batcher_->Grant(*job, 3);
  ExpectComplete(*job);
}

TEST_F(WindowTest, AGrantOfAQueuedJobIsQueuedToo) {
  HoldWorkers(1);
  const auto job = Submit({.seed = 1, .count = 10, .window = 4});
  batcher_->Grant(*job, 3);
  EXPECT_EQ(batcher_->queued_images(), 7u);
  batcher_->Grant(*job, 3);
  generator_->Release();
  ExpectComplete(*job);
}

TEST_F(WindowTest, AGrantBeyondTheLastImageIsCutOff) {
  const auto job = Submit({.seed = 1, .count = 10, .window = 4});
  batcher_->Grant(*job, UINT64_MAX);
  batcher_->Grant(*job, UINT64_MAX);
  ExpectComplete(*job);
  EXPECT_EQ(generator_->images(), 10u);
}

TEST_F(WindowTest, AGrantAfterTheEndDoesNothing) {
  const auto done = Submit({.seed = 1, .count = 4, .window = 4});
  ExpectComplete(*done);
  batcher_->Grant(*done, 5);
  const auto cancelled = Submit({.seed = 1, .count = 40, .window = 4});
  cancelled->WaitForImages(4);
  batcher_->Cancel(*cancelled);
  batcher_->Grant(*cancelled, 5);
  batcher_->Grant(*MakeJob({.seed = 1, .count = 4, .window = 1}), 3);
  EXPECT_EQ(batcher_->queued_images(), 0u);
  EXPECT_EQ(generator_->images(), 8u);
}

TEST_F(WindowTest, AJobCancelledInTheForwardPassTakesNoGrant) {
  generator_->Hold();
  const auto job = Submit({.seed = 1, .count = 40, .window = 4});
  generator_->WaitForHeld(1);
  batcher_->Cancel(*job);
  batcher_->Grant(*job, 5);
  EXPECT_EQ(batcher_->queued_images(), 0u);
  generator_->Release();
  EXPECT_EQ(job->WaitDone().code(), absl::StatusCode::kCancelled);
}

TEST_F(WindowTest, AJobWhoseDeadlinePassesWhileItsReaderStallsExpiresAtItsNextGrant) {
  const auto job = Submit({.seed = 1, .count = 40, .deadline = clock_.Now() + std::chrono::seconds(1), .window = 4});
  job->WaitForImages(4);
  clock_.Advance(std::chrono::seconds(1));
  batcher_->Grant(*job, 4);
  EXPECT_EQ(job->WaitDone().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(generator_->images(), 4u);
}

// Workers, encoders, window.
class ReaderTest : public BatcherFixture, public ::testing::TestWithParam<std::tuple<size_t, size_t, uint64_t>> {};

INSTANTIATE_TEST_SUITE_P(Windows, ReaderTest,
                         ::testing::Combine(::testing::Values(1, 3), ::testing::Values(0, 2),
                                            ::testing::Values(1, 7, 64)));

TEST_P(ReaderTest, NothingIsComputedBeyondTheWindow) {
  const auto [workers, encoders, window] = GetParam();
  std::atomic<uint64_t> granted = window;
  std::atomic<bool> beyond = false;
  std::atomic<uint64_t> computed = 0;
  generator_->OnGenerate([&](size_t images) {
    if ((computed += images) > granted) beyond = true;
  });
  Start({.workers = workers, .max_batch_images = 16, .encoders = encoders});
  auto job = MakeJob({.seed = 1, .count = 500, .window = window});
  job->BeforeImages([&, raw = job.get()](size_t images) {
    granted += images;
    batcher_->Grant(*raw, images);
  });
  ASSERT_TRUE(batcher_->Submit(job).ok());
  ExpectComplete(*job);
  EXPECT_FALSE(beyond);
}

}  // namespace
}  // namespace ganserve
