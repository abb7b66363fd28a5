// Many threads at once, for the sanitizers and for the sums.
#include <algorithm>
#include <random>
#include <thread>

#include "tests/unit/serving/batcher_fixture.h"

namespace ganserve {
namespace {

constexpr int kThreads = 4;
constexpr int kSteps = 300;

// A thread that submits, cancels and grants as chance has it.
class Caller {
 public:
  Caller(Batcher& batcher, std::shared_ptr<FakeGenerator> generator, FakeClock& clock, uint32_t seed, bool windows)
      : batcher_(batcher), generator_(std::move(generator)), clock_(clock), random_(seed), windows_(windows) {}

  void Run() {
    for (int step = 0; step < kSteps; ++step) Step();
    // Readers read to the end: what is not cancelled comes.
    for (const JobPointer& job : accepted_) batcher_.Grant(*job, UINT64_MAX);
    for (const JobPointer& job : accepted_) job->WaitDone().IgnoreError();
  }

  const std::vector<JobPointer>& accepted() const { return accepted_; }
  const std::vector<JobPointer>& refused() const { return refused_; }
  uint64_t images_asked() const { return images_asked_; }

 private:
  uint64_t Draw(uint64_t low, uint64_t high) { return low + random_() % (high - low + 1); }

  void Step() {
    const uint64_t choice = Draw(0, 9);
    if (choice < 6 || accepted_.empty()) return Submit();
    RecordingJob& job = *accepted_[Draw(0, accepted_.size() - 1)];
    if (choice == 6) return batcher_.Cancel(job);
    if (choice == 7) return clock_.Advance(std::chrono::microseconds(Draw(0, 500)));
    batcher_.Grant(job, Draw(1, 20));
  }

  void Submit() {
    GenerateSpec spec{.seed = random_(), .count = Draw(1, 40)};
    if (Draw(0, 3) == 0) spec.deadline = clock_.Now() + std::chrono::microseconds(Draw(0, 3000));
    if (windows_) spec.window = Draw(1, 10);
    auto job = std::make_shared<RecordingJob>(generator_, spec);
    images_asked_ += spec.count;
    (batcher_.Submit(job).ok() ? accepted_ : refused_).push_back(job);
  }

  Batcher& batcher_;
  const std::shared_ptr<FakeGenerator> generator_;
  FakeClock& clock_;
  std::mt19937 random_;
  const bool windows_;
  std::vector<JobPointer> accepted_;
  std::vector<JobPointer> refused_;
  uint64_t images_asked_ = 0;
};

// Encoders, and whether jobs have windows.
class StressTest : public BatcherFixture, public ::testing::TestWithParam<std::tuple<size_t, bool>> {
 protected:
  void RunCallers() {
    const auto [encoders, windows] = GetParam();
    Start({.workers = 3, .max_batch_images = 8, .max_queue_images = 400, .encoders = encoders});
    for (uint32_t i = 0; i < kThreads; ++i) callers_.emplace_back(*batcher_, generator_, clock_, i, windows);
    std::vector<std::jthread> threads;
    for (Caller& caller : callers_) threads.emplace_back([&caller] { caller.Run(); });
  }

  void ExpectConsistent(RecordingJob& job) const {
    EXPECT_EQ(job.done_calls(), 1);
    EXPECT_EQ(job.wrong_images(), 0u);
    if (job.WaitDone().ok()) ExpectComplete(job);
  }

  std::vector<Caller> callers_;
};

INSTANTIATE_TEST_SUITE_P(Encoders, StressTest, ::testing::Combine(::testing::Values(0, 2), ::testing::Bool()));

TEST_P(StressTest, EveryJobEndsOnceWithAllItsImagesOrAnError) {
  RunCallers();
  size_t complete = 0;
  for (const Caller& caller : callers_) {
    for (const JobPointer& job : caller.accepted()) {
      ExpectConsistent(*job);
      if (job->WaitDone().ok()) ++complete;
    }
    for (const JobPointer& job : caller.refused()) EXPECT_EQ(job->done_calls(), 0);
  }
  EXPECT_GT(complete, 0u);
  EXPECT_EQ(batcher_->queued_images(), 0u);
}

TEST_P(StressTest, ImagesAreDeliveredOrDroppedNeverLost) {
  RunCallers();
  uint64_t asked = 0;
  uint64_t delivered = 0;
  for (const Caller& caller : callers_) {
    asked += caller.images_asked();
    for (const JobPointer& job : caller.accepted()) delivered += job->image_count();
  }
  const auto totals = metrics_.totals();
  EXPECT_EQ(totals.images, delivered);
  const uint64_t accounted = totals.images + totals.all_dropped();
  const bool windows = std::get<1>(GetParam());
  // What a cancelled reader had made no room for was never queued.
  EXPECT_LE(accounted, asked);
  if (!windows) {
    EXPECT_EQ(accounted, asked);
  }
  EXPECT_EQ(totals.queue_depth, 0u);
}

TEST_P(StressTest, CloseUnderLoadEndsEveryJob) {
  const auto [encoders, windows] = GetParam();
  Start({.workers = 3, .max_batch_images = 8, .max_queue_images = 400, .encoders = encoders});
  for (uint32_t i = 0; i < kThreads; ++i) callers_.emplace_back(*batcher_, generator_, clock_, i, windows);
  {
    std::vector<std::jthread> threads;
    for (Caller& caller : callers_) threads.emplace_back([&caller] { caller.Run(); });
    threads.emplace_back([this] {
      generator_->WaitForImages(1);
      batcher_->Close();
    });
  }
  for (const Caller& caller : callers_) {
    for (const JobPointer& job : caller.accepted()) ExpectConsistent(*job);
  }
}

}  // namespace
}  // namespace ganserve
