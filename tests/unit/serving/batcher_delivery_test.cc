// What comes out of the batcher, and how work is spread over batches and workers.
#include <algorithm>
#include <set>
#include <tuple>

#include "server/serving/latents.h"
#include "tests/unit/serving/batcher_fixture.h"

namespace ganserve {
namespace {

// Workers, images in a batch, encoders.
class DeliveryTest : public BatcherFixture, public ::testing::TestWithParam<std::tuple<size_t, size_t, size_t>> {
 protected:
  void SetUp() override {
    const auto [workers, batch, encoders] = GetParam();
    Start({.workers = workers, .max_batch_images = batch, .encoders = encoders});
  }
};

INSTANTIATE_TEST_SUITE_P(Sizes, DeliveryTest,
                         ::testing::Combine(::testing::Values(1, 2, 4), ::testing::Values(1, 3, 16),
                                            ::testing::Values(0, 2)));

TEST_P(DeliveryTest, EveryImageComesOnceAndIsTheRightOne) {
  std::vector<JobPointer> jobs;
  for (uint64_t count : {1, 2, 5, 16, 17, 64, 257}) {
    jobs.push_back(Submit({.seed = count, .first_index = count * 1000, .count = count}));
    jobs.push_back(Submit({.seed = count, .count = count, .format = ImageFormat::kRaw}));
  }
  for (const auto& job : jobs) ExpectComplete(*job);
  EXPECT_EQ(metrics_.totals().images, 2u * (1 + 2 + 5 + 16 + 17 + 64 + 257));
}

TEST_P(DeliveryTest, NoBatchIsLargerThanAllowed) {
  ExpectComplete(*Submit({.seed = 1, .count = 100}));
  const auto calls = generator_->calls();
  EXPECT_TRUE(std::all_of(calls.begin(), calls.end(),
                          [](const auto& call) { return call.images >= 1 && call.images <= std::get<1>(GetParam()); }));
  EXPECT_EQ(generator_->images(), 100u);
}

TEST_P(DeliveryTest, MetricsTellEveryImageAndBatch) {
  ExpectComplete(*Submit({.seed = 1, .count = 100}));
  batcher_->Close();
  const auto totals = metrics_.totals();
  EXPECT_EQ(totals.images, 100u);
  EXPECT_EQ(totals.encoded_images, 100u);
  EXPECT_EQ(totals.batch_images, 100u);
  EXPECT_EQ(totals.batches, generator_->calls().size());
  EXPECT_EQ(totals.queue_times.size(), 1u);
  EXPECT_EQ(totals.queue_depth, 0u);
  EXPECT_EQ(totals.all_dropped(), 0u);
}

TEST_P(DeliveryTest, GeneratorsDontShareABatch) {
  const auto other = std::make_shared<FakeGenerator>(SmallModel(7));
  std::vector<JobPointer> jobs;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    jobs.push_back(Submit({.seed = seed, .count = 9}));
    jobs.push_back(std::make_shared<RecordingJob>(other, GenerateSpec{.seed = seed, .count = 9}));
    ASSERT_TRUE(batcher_->Submit(jobs.back()).ok());
  }
  for (const auto& job : jobs) ExpectComplete(*job);
  EXPECT_EQ(generator_->images(), 180u);
  EXPECT_EQ(other->images(), 180u);
}

TEST_F(BatcherTest, AnImageIsTheSameFromWhateverFirstIndex) {
  Start({.workers = 2});
  const auto whole = Submit({.seed = 5, .count = 40});
  const auto part = Submit({.seed = 5, .first_index = 13, .count = 9});
  ExpectComplete(*whole);
  ExpectComplete(*part);
  EXPECT_EQ(part->images().at(2).data, whole->images().at(15).data);
}

TEST_F(BatcherTest, AJobsLabelIsThatOfEveryImage) {
  generator_ = std::make_shared<FakeGenerator>(SmallModel(10));
  Start({});
  const auto job = Submit({.seed = 5, .count = 20, .label = 7});
  ExpectComplete(*job);
  for (const auto& [offset, image] : job->images()) EXPECT_EQ(image.label, 7);
}

TEST_F(BatcherTest, AbsentLabelsAreDrawnFromSeedAndIndex) {
  generator_ = std::make_shared<FakeGenerator>(SmallModel(10));
  Start({});
  const auto job = Submit({.seed = 5, .first_index = 3, .count = 20});
  ExpectComplete(*job);
  for (const auto& [offset, image] : job->images()) EXPECT_EQ(image.label, DrawLabel(5, 3 + offset, 10));
}

TEST_F(BatcherTest, AModelWithoutClassesGivesNoLabels) {
  Start({});
  const auto job = Submit({.seed = 5, .count = 1});
  ExpectComplete(*job);
  EXPECT_EQ(job->images().at(0).label, std::nullopt);
}

TEST_F(BatcherTest, NothingWaitsWhileAWorkerIsIdle) {
  Start({.workers = 3});
  // Each of the three is in the forward pass although the ones before it stand still there.
  const auto jobs = HoldWorkers(3);
  EXPECT_EQ(batcher_->queued_images(), 0u);
  generator_->Release();
  for (const auto& job : jobs) ExpectComplete(*job);
}

TEST_F(BatcherTest, ALargeRequestIsSpreadOverBatchesAndWorkers) {
  Start({.workers = 3, .max_batch_images = 8});
  generator_->Hold();
  const auto job = Submit({.seed = 1, .count = 100});
  generator_->WaitForHeld(3);
  std::set<std::thread::id> threads;
  for (const auto& call : generator_->calls()) {
    EXPECT_EQ(call.images, 8u);
    threads.insert(call.thread);
  }
  EXPECT_EQ(threads.size(), 3u);
  generator_->Release();
  ExpectComplete(*job);
}

TEST_F(BatcherTest, RequestsThatArriveWhileWorkersAreBusyShareABatch) {
  Start({.workers = 1, .max_batch_images = 16});
  HoldWorkers(1);
  std::vector<JobPointer> jobs;
  for (uint64_t seed = 0; seed < 16; ++seed) jobs.push_back(Submit({.seed = seed, .count = 1}));
  generator_->Release();
  for (const auto& job : jobs) ExpectComplete(*job);
  ASSERT_EQ(generator_->calls().size(), 2u);
  EXPECT_EQ(generator_->calls()[1].images, 16u);
}

TEST_F(BatcherTest, WhereSmallBatchesCostNothingAWorkerTakesAPartOfWhatWaits) {
  Start({.workers = 1, .max_batch_images = 3, .parts = 4});
  HoldWorkers(1);
  std::vector<JobPointer> jobs;
  for (uint64_t seed = 0; seed < 16; ++seed) jobs.push_back(Submit({.seed = seed, .count = 1}));
  generator_->Release();
  for (const auto& job : jobs) ExpectComplete(*job);
  std::vector<size_t> images;
  for (const auto& call : generator_->calls()) images.push_back(call.images);
  // Of 16, 13, 10, 7, 5, 3, 2 and 1 that wait, a quarter, rounded up, and at most 3; the first 1 held the worker.
  EXPECT_EQ(images, (std::vector<size_t>{1, 3, 3, 3, 2, 2, 1, 1, 1}));
}

TEST_F(BatcherTest, OneImageIsInTheNextBatchWhateverWaits) {
  Start({.workers = 1, .max_batch_images = 16, .max_queue_images = 200'000});
  HoldWorkers(1);
  const auto large = Submit({.seed = 1, .count = 100'000});
  const auto small = Submit({.seed = 2, .count = 1});
  generator_->ReleaseOne();
  generator_->WaitForHeld(1);
  generator_->ReleaseOne();
  ExpectComplete(*small);
  EXPECT_LE(large->image_count(), 15u);
  batcher_->Cancel(*large);
  generator_->Release();
  EXPECT_EQ(large->WaitDone().code(), absl::StatusCode::kCancelled);
}

TEST_F(BatcherTest, QueueTimeIsFromAcceptanceToTheFirstImageTaken) {
  Start({.workers = 1, .max_batch_images = 4});
  HoldWorkers(1);
  const auto job = Submit({.seed = 1, .count = 10});
  clock_.Advance(std::chrono::seconds(3));
  generator_->Release();
  ExpectComplete(*job);
  EXPECT_EQ(metrics_.totals().queue_times,
            (std::vector<ServingMetrics::Seconds>{ServingMetrics::Seconds(0), ServingMetrics::Seconds(3)}));
}

TEST_F(BatcherTest, WorkersAreBusyUntilTheyWaitForWork) {
  Start({.workers = 3, .max_batch_images = 4});
  const auto jobs = HoldWorkers(3);
  EXPECT_EQ(metrics_.totals().busy_workers, 3u);
  generator_->Release();
  for (const auto& job : jobs) ExpectComplete(*job);
  batcher_->Close();
  EXPECT_EQ(metrics_.totals().busy_workers, 0u);
  EXPECT_EQ(metrics_.totals().most_busy_workers, 3u);
}

TEST_F(BatcherTest, EncodingOverlapsTheNextForwardPass) {
  // The first image's encoding goes on only once the second forward pass has begun.
  encoder_.OnEncode([this] {
    if (encoder_.images() == 1) generator_->WaitForHeld(1);
    return absl::OkStatus();
  });
  Start({.workers = 1, .max_batch_images = 1, .encoders = 1});
  generator_->Hold();
  const auto job = Submit({.seed = 1, .count = 2});
  generator_->WaitForHeld(1);
  generator_->ReleaseOne();
  job->WaitForImages(1);
  EXPECT_EQ(job->image_count(), 1u);
  generator_->Release();
  ExpectComplete(*job);
}

}  // namespace
}  // namespace ganserve
