#include "server/serving/fair_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include "tests/support/fake_clock.h"
#include "tests/support/fake_generator.h"
#include "tests/support/recording_job.h"

namespace ganserve {
namespace {

using std::chrono::milliseconds;
using Job = std::shared_ptr<GenerateJob>;

constexpr uint64_t kQuantum = 4;

class FairQueueTest : public ::testing::Test {
 protected:
  Job Make(uint64_t count, Clock::Duration deadline = Clock::Duration::max(), uint64_t window = UINT64_MAX) {
    const bool none = deadline == Clock::Duration::max();
    const GenerateSpec spec{
        .count = count, .deadline = none ? Clock::TimePoint::max() : clock_.Now() + deadline, .window = window};
    return std::make_shared<RecordingJob>(generator_, spec);
  }

  Job Add(uint64_t count, Clock::Duration deadline = Clock::Duration::max()) {
    Job job = Make(count, deadline);
    queue_.Add(job, clock_.Now());
    return job;
  }

  // The next batch, as images by job; expired jobs go to expired_.
  std::map<Job, uint64_t> Take(size_t max_images, size_t takers = 1) {
    std::map<Job, uint64_t> batch;
    for (const Slice& slice : queue_.Take(max_images, takers, clock_.Now(), &expired_)) {
      EXPECT_FALSE(batch.contains(slice.job)) << "one slice for each job";
      batch[slice.job] = slice.count;
      taken_[slice.job] += slice.count;
    }
    return batch;
  }

  FakeClock clock_;
  std::shared_ptr<FakeGenerator> generator_ = std::make_shared<FakeGenerator>();
  FairQueue queue_{kQuantum};
  std::vector<Job> expired_;
  std::map<Job, uint64_t> taken_;
};

TEST_F(FairQueueTest, AnEmptyQueueGivesNothing) {
  EXPECT_TRUE(Take(16).empty());
  EXPECT_EQ(queue_.images(), 0u);
}

TEST_F(FairQueueTest, OneImageIsInTheNextBatchBesideALargeJob) {
  const Job large = Add(100'000);
  for (int batch = 0; batch < 10; ++batch) {
    const Job small = Add(1);
    EXPECT_EQ(Take(16), (std::map<Job, uint64_t>{{small, 1}, {large, 15}}));
  }
}

TEST_F(FairQueueTest, EachJobTakesAQuantumInARound) {
  const std::vector<Job> jobs = {Add(100), Add(3), Add(100)};
  EXPECT_EQ(Take(11), (std::map<Job, uint64_t>{{jobs[0], 4}, {jobs[1], 3}, {jobs[2], 4}}));
  EXPECT_EQ(Take(8), (std::map<Job, uint64_t>{{jobs[0], 4}, {jobs[2], 4}}));
}

TEST_F(FairQueueTest, BackloggedJobsStayWithinAQuantumOfEachOther) {
  std::vector<Job> jobs;
  for (int i = 0; i < 7; ++i) jobs.push_back(Add(50, i % 2 == 0 ? Clock::Duration::max() : milliseconds(10 + i)));
  for (int image = 0; image < 300; ++image) {
    Take(1);
    const auto [least, most] = std::minmax_element(
        jobs.begin(), jobs.end(), [this](const Job& a, const Job& b) { return taken_[a] < taken_[b]; });
    ASSERT_LE(taken_[*most] - taken_[*least], kQuantum) << "after " << image + 1 << " images";
  }
}

TEST_F(FairQueueTest, WithinARoundTheEarliestDeadlineComesFirst) {
  const Job without = Add(1);
  const Job late = Add(1, milliseconds(500));
  const Job soon = Add(1, milliseconds(20));
  const Job later = Add(1, std::chrono::hours(1));
  for (const Job& next : {soon, late, without, later}) EXPECT_EQ(Take(1), (std::map<Job, uint64_t>{{next, 1}}));
}

TEST_F(FairQueueTest, JobsAlikeComeInOrderOfArrival) {
  const std::vector<Job> jobs = {Add(1), Add(1), Add(1)};
  for (const Job& next : jobs) EXPECT_EQ(Take(1), (std::map<Job, uint64_t>{{next, 1}}));
}

TEST_F(FairQueueTest, AJobWithoutADeadlineGoesBeforeDeadlinesThatAreFurtherThanTheHorizon) {
  const Job without = Add(1);
  clock_.Advance(milliseconds(1));
  Add(1, FairQueue::kUrgencyHorizon);
  EXPECT_EQ(Take(1), (std::map<Job, uint64_t>{{without, 1}}));
}

// Small requests arrive as fast as images are made, so that some always wait.
class OverloadTest : public FairQueueTest, public ::testing::WithParamInterface<Clock::Duration> {};

INSTANTIATE_TEST_SUITE_P(Deadlines, OverloadTest, ::testing::Values(milliseconds(20), Clock::Duration::max()));

TEST_P(OverloadTest, EndlessSmallJobsDontStarveALargeOne) {
  constexpr int kWaiting = 8;
  const Job large = Add(100'000);
  for (int i = 0; i < kWaiting; ++i) Add(1, GetParam());
  constexpr int kImages = 10'000;
  for (int image = 0; image < kImages; ++image) {
    clock_.Advance(milliseconds(1));
    // Whatever is taken from the small ones comes again.
    if (!Take(1).contains(large)) Add(1, GetParam());
  }
  // Nine callers at any time: about a ninth of the images is fair; a quarter of that is the least that is no
  // starvation.
  EXPECT_GT(taken_[large], kImages / (kWaiting + 1) / 4);
  EXPECT_LT(taken_[large], kImages / 2);
}

TEST_F(FairQueueTest, AJobThatComesBackEarnsNoCreditForItsAbsence) {
  const Job busy = Add(1000);
  Take(400);
  const Job returning = Add(1000);
  Take(8);
  queue_.Remove(*returning);
  Take(400);
  queue_.Add(returning, clock_.Now());
  const auto batch = Take(32);
  EXPECT_LE(batch.at(returning), 16u + kQuantum);
  EXPECT_GE(batch.at(busy), 16u - kQuantum);
}

TEST_F(FairQueueTest, IdleTakersShareEqually) {
  Add(10);
  EXPECT_EQ(Take(16, 3).begin()->second, 4u);
  EXPECT_EQ(Take(16, 2).begin()->second, 3u);
  EXPECT_EQ(Take(16, 1).begin()->second, 3u);
  EXPECT_EQ(queue_.images(), 0u);
}

TEST_F(FairQueueTest, ABatchHasOneGeneratorAndAllGeneratorsProgress) {
  const Job first = Add(1000);
  const auto other = std::make_shared<FakeGenerator>();
  const Job second = std::make_shared<RecordingJob>(other, GenerateSpec{.count = 1000});
  queue_.Add(second, clock_.Now());
  for (int batch = 0; batch < 40; ++batch) EXPECT_EQ(Take(16).size(), 1u);
  EXPECT_EQ(taken_[first], 320u);
  EXPECT_EQ(taken_[second], 320u);
}

TEST_F(FairQueueTest, TheShareOfATakerIsOfItsGeneratorsImages) {
  Add(4);
  const auto other = std::make_shared<FakeGenerator>();
  queue_.Add(std::make_shared<RecordingJob>(other, GenerateSpec{.count = 1000}), clock_.Now());
  EXPECT_EQ(Take(16, 2).begin()->second, 2u);
}

TEST_F(FairQueueTest, ExpiredJobsComeOutAsExpired) {
  const Job expired = Add(5, milliseconds(10));
  const Job alive = Add(3, milliseconds(11));
  clock_.Advance(milliseconds(10));
  EXPECT_EQ(Take(16), (std::map<Job, uint64_t>{{alive, 3}}));
  EXPECT_EQ(expired_, std::vector<Job>{expired});
  EXPECT_EQ(queue_.images(), 0u);
}

TEST_F(FairQueueTest, WhenAllHaveExpiredTheBatchIsEmpty) {
  const std::vector<Job> jobs = {Add(5, milliseconds(1)), Add(6, milliseconds(2)), Add(7, milliseconds(3))};
  clock_.Advance(milliseconds(3));
  EXPECT_TRUE(Take(16).empty());
  EXPECT_EQ(expired_, jobs);
  EXPECT_EQ(queue_.images(), 0u);
  EXPECT_TRUE(Take(16).empty());
}

TEST_F(FairQueueTest, ARemovedJobIsGone) {
  const Job removed = Add(5);
  const Job other = Add(5);
  queue_.Remove(*removed);
  queue_.Remove(*removed);
  EXPECT_EQ(queue_.images(), 5u);
  EXPECT_EQ(Take(16), (std::map<Job, uint64_t>{{other, 5}}));
}

TEST_F(FairQueueTest, OnlyTheWindowOfAJobIsQueued) {
  queue_.Add(Make(100, Clock::Duration::max(), 6), clock_.Now());
  EXPECT_EQ(queue_.images(), 6u);
  EXPECT_EQ(Take(16).begin()->second, 6u);
  EXPECT_TRUE(Take(16).empty());
}

TEST_F(FairQueueTest, NothingIsBeforeAJobInAnEmptyQueue) { EXPECT_EQ(queue_.ImagesBefore(100), 0u); }

TEST_F(FairQueueTest, AShortJobWaitsForAFewTurnsNotForTheWholeQueue) {
  Add(100'000);
  EXPECT_LE(queue_.ImagesBefore(1), 2 * kQuantum);
  EXPECT_GE(queue_.ImagesBefore(200'000), 100'000u);
}

TEST_F(FairQueueTest, NoJobWaitsForMoreImagesThanImagesBeforeSays) {
  std::mt19937 random(7);
  const auto draw = [&random](uint64_t low, uint64_t high) { return low + random() % (high - low + 1); };
  for (int round = 0; round < 200; ++round) {
    for (uint64_t jobs = draw(0, 5); jobs > 0; --jobs) {
      Add(draw(1, 60), draw(0, 1) == 0 ? Clock::Duration::max() : milliseconds(draw(100'000, 900'000)));
    }
    for (uint64_t images = draw(0, 40); images > 0; --images) Take(1);
    const uint64_t count = draw(1, 30);
    const size_t bound = queue_.ImagesBefore(count);
    const Job job = Add(count);
    size_t before = 0;
    while (taken_[job] < count) before += 1 - Take(1).count(job);
    ASSERT_LE(before, bound) << "round " << round;
  }
}

// Against a model that only adds up: whatever is added comes out once, in order, or is removed, or expires.
TEST_F(FairQueueTest, NothingIsLostOrDoubled) {
  std::mt19937 random(42);
  const auto draw = [&random](uint64_t low, uint64_t high) { return low + random() % (high - low + 1); };
  const std::vector<std::shared_ptr<Generator>> generators = {generator_, std::make_shared<FakeGenerator>()};
  std::map<Job, uint64_t> next;  // of the jobs queued
  const auto waiting = [&next](const Generator* generator) {
    uint64_t images = 0;
    for (const auto& [job, offset] : next) {
      if (generator == nullptr || &job->generator() == generator) images += job->spec().count - offset;
    }
    return images;
  };
  for (int step = 0; step < 20'000; ++step) {
    const uint64_t choice = draw(0, 9);
    if (choice < 4) {
      const bool has_deadline = draw(0, 1) == 1;
      const GenerateSpec spec{
          .count = draw(1, 40),
          .deadline = has_deadline ? clock_.Now() + milliseconds(draw(1, 50)) : Clock::TimePoint::max()};
      const Job job = std::make_shared<RecordingJob>(generators[draw(0, 1)], spec);
      queue_.Add(job, clock_.Now());
      next[job] = 0;
    } else if (choice == 4 && !next.empty()) {
      const auto victim = std::next(next.begin(), static_cast<std::ptrdiff_t>(draw(0, next.size() - 1)));
      queue_.Remove(*victim->first);
      next.erase(victim);
    } else if (choice == 5) {
      clock_.Advance(milliseconds(draw(0, 10)));
    } else {
      const size_t room = draw(1, 33);
      const size_t takers = draw(1, 4);
      std::vector<Job> expired;
      const bool was_empty = next.empty();
      const auto slices = queue_.Take(room, takers, clock_.Now(), &expired);
      for (const Job& job : expired) {
        ASSERT_LE(job->spec().deadline, clock_.Now());
        ASSERT_EQ(next.erase(job), 1u);
      }
      uint64_t images = 0;
      for (const Slice& slice : slices) {
        ASSERT_GT(slice.job->spec().deadline, clock_.Now());
        ASSERT_EQ(&slice.job->generator(), &slices.front().job->generator());
        ASSERT_TRUE(next.contains(slice.job));
        ASSERT_EQ(slice.offset, next[slice.job]);
        ASSERT_LE(slice.offset + slice.count, slice.job->spec().count);
        ASSERT_GE(slice.count, 1u);
        images += slice.count;
        if ((next[slice.job] += slice.count) == slice.job->spec().count) next.erase(slice.job);
      }
      ASSERT_LE(images, room);
      ASSERT_TRUE(!slices.empty() || !expired.empty() || was_empty);
      if (expired.empty() && !slices.empty()) {
        const uint64_t queued = waiting(&slices.front().job->generator()) + images;
        ASSERT_EQ(images, std::min<uint64_t>(room, (queued + takers - 1) / takers));
      }
    }
    ASSERT_EQ(queue_.images(), waiting(nullptr));
  }
}

}  // namespace
}  // namespace ganserve
