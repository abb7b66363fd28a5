// Who is let in, and what the others are told.
#include <gmock/gmock.h>

#include <limits>

#include "server/serving/retry_hint.h"
#include "tests/unit/serving/batcher_fixture.h"

namespace ganserve {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

class AdmissionTest : public BatcherTest {
 protected:
  // One worker, batches of 4, 1 ms an image on the fake clock, which the batcher has learnt from a first job.
  void StartWithKnownRate(size_t max_queue_images = 1000) {
    generator_->OnGenerate([this](size_t images) { clock_.Advance(milliseconds(images)); });
    Start({.workers = 1, .max_batch_images = 4, .max_queue_images = max_queue_images});
    ExpectComplete(*Submit({.seed = 1, .count = 64}));
  }

  absl::Status TrySubmit(uint64_t count, Clock::Duration deadline) {
    last_ = MakeJob({.seed = 9, .count = count, .deadline = clock_.Now() + deadline});
    return batcher_->Submit(last_);
  }

  JobPointer last_;
};

TEST_F(AdmissionTest, RefusesMoreThanTheQueueHoldsAndNamesTheNumbers) {
  Start({.workers = 1, .max_batch_images = 4, .max_queue_images = 16});
  HoldWorkers(1);
  const auto queued = Submit({.seed = 1, .count = 14});
  const auto refused = MakeJob({.seed = 2, .count = 3});
  const absl::Status status = batcher_->Submit(refused);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(), "the queue is full: 14 images wait, 3 more would exceed the limit of 16");
  EXPECT_GE(RetryAfter(status), milliseconds(10));
  EXPECT_EQ(metrics_.dropped(DropReason::kRejected), 3u);
  generator_->Release();
  ExpectComplete(*queued);
  batcher_->Close();
  EXPECT_EQ(refused->done_calls(), 0) << "a refused job is not called";
}

TEST_F(AdmissionTest, TheQueueMayBeFilledToItsLimit) {
  Start({.workers = 1, .max_batch_images = 4, .max_queue_images = 16});
  HoldWorkers(1);
  const auto first = Submit({.seed = 1, .count = 14});
  const auto second = Submit({.seed = 2, .count = 2});
  EXPECT_EQ(batcher_->queued_images(), 16u);
  generator_->Release();
  ExpectComplete(*first);
  ExpectComplete(*second);
}

TEST_F(AdmissionTest, AStreamCountsWithItsWindowAlone) {
  Start({.workers = 1, .max_batch_images = 4, .max_queue_images = 16});
  HoldWorkers(1);
  const auto job = Submit({.seed = 1, .count = 1'000'000, .window = 10});
  EXPECT_EQ(batcher_->queued_images(), 10u);
  batcher_->Cancel(*job);
  generator_->Release();
}

TEST_F(AdmissionTest, ACancelledJobMakesRoom) {
  Start({.workers = 1, .max_batch_images = 4, .max_queue_images = 16});
  HoldWorkers(1);
  const auto job = Submit({.seed = 1, .count = 16});
  batcher_->Cancel(*job);
  const auto next = Submit({.seed = 2, .count = 16});
  generator_->Release();
  ExpectComplete(*next);
}

TEST_F(AdmissionTest, RefusesWhatTheMemoryForAnswersCannotHoldUntilAnAnswerIsGone) {
  const auto answers = std::make_shared<AnswerMemory>(1000);
  Start({.workers = 1, .max_batch_images = 4, .answers = answers});
  auto first = Submit({.seed = 1, .count = 2, .answer_bytes = 900});
  EXPECT_EQ(answers->held_bytes(), 900u);
  auto refused = MakeJob({.seed = 2, .count = 3, .answer_bytes = 101});
  const absl::Status status = batcher_->Submit(refused);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(
      status.message(),
      "the memory for answers is full: accepted calls may take 900 bytes, 101 more would exceed the limit of 1000");
  EXPECT_GE(RetryAfter(status), milliseconds(10));
  EXPECT_EQ(metrics_.dropped(DropReason::kRejected), 3u);
  refused.reset();
  EXPECT_EQ(answers->held_bytes(), 900u) << "a refused job holds nothing";

  ExpectComplete(*first);
  batcher_->Close();  // the worker has let go of the job
  EXPECT_EQ(answers->held_bytes(), 900u) << "an answer that is made is still to be sent";
  first.reset();
  EXPECT_EQ(answers->held_bytes(), 0u);
}

TEST_F(AdmissionTest, TheMemoryForAnswersMayBeFilledToItsLimit) {
  const auto answers = std::make_shared<AnswerMemory>(1000);
  Start({.workers = 1, .max_batch_images = 4, .answers = answers});
  const auto first = Submit({.seed = 1, .count = 1, .answer_bytes = 400});
  const auto second = Submit({.seed = 2, .count = 1, .answer_bytes = 600});
  ExpectComplete(*first);
  ExpectComplete(*second);
}

TEST_F(AdmissionTest, RefusesADeadlineThatHasPassed) {
  Start({});
  for (const auto deadline : {milliseconds(0), milliseconds(-5)}) {
    EXPECT_EQ(TrySubmit(2, deadline).code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_EQ(last_->done_calls(), 0);
  }
  EXPECT_EQ(metrics_.dropped(DropReason::kExpired), 4u);
  EXPECT_EQ(generator_->images(), 0u);
}

TEST_F(AdmissionTest, RefusesADeadlineOutOfReachAtOnce) {
  StartWithKnownRate();
  HoldWorkers(1);
  const auto filler = Submit({.seed = 1, .count = 100});
  const absl::Status status = TrySubmit(100, milliseconds(150));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("100 images wait"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("the answer is expected after 20"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("the deadline is in 150 ms"));
  // 1 image in flight, 100 and 100 waiting, and the last batch of 4 as a whole: 205 ms, rounded up.
  EXPECT_GE(RetryAfter(status), milliseconds(55));
  EXPECT_LE(RetryAfter(status), milliseconds(56));
  EXPECT_EQ(metrics_.dropped(DropReason::kRejected), 100u);
  EXPECT_EQ(batcher_->queued_images(), 100u);
  generator_->Release();
  ExpectComplete(*filler);
  batcher_->Close();
  EXPECT_EQ(last_->done_calls(), 0);
}

TEST_F(AdmissionTest, AdmitsADeadlineWithinReachAndMeetsIt) {
  StartWithKnownRate();
  HoldWorkers(1);
  const auto filler = Submit({.seed = 1, .count = 100});
  ASSERT_EQ(TrySubmit(100, milliseconds(208)), absl::OkStatus());
  generator_->Release();
  ExpectComplete(*last_);
  ExpectComplete(*filler);
}

TEST_F(AdmissionTest, AShortRequestIsJudgedByItsTurnNotByTheWholeQueue) {
  StartWithKnownRate();
  HoldWorkers(1);
  const auto filler = Submit({.seed = 1, .count = 900});
  ASSERT_EQ(TrySubmit(1, milliseconds(20)), absl::OkStatus());
  generator_->Release();
  ExpectComplete(*last_);
  ExpectComplete(*filler);
}

TEST_F(AdmissionTest, ADeadlineIsNotJudgedBeforeThereIsARate) {
  Start({.workers = 1, .max_batch_images = 4, .max_queue_images = 1000});
  HoldWorkers(1);
  const auto filler = Submit({.seed = 1, .count = 900});
  EXPECT_EQ(TrySubmit(100, milliseconds(1)), absl::OkStatus());
  generator_->Release();
  ExpectComplete(*filler);
}

TEST_F(AdmissionTest, AnEmptyQueueTakesAnyDeadlineSoThatARateIsLearntAnew) {
  StartWithKnownRate();
  EXPECT_EQ(TrySubmit(4, milliseconds(1)), absl::OkStatus());
  EXPECT_EQ(last_->WaitDone().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(AdmissionTest, NamesAnOptionOutOfRange) {
  const auto error = [this](const Batcher::Options& options) {
    const auto status = Batcher::Create(options, encoder_, metrics_, clock_).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_EQ(error({.workers = 0}), "workers is 0; it must be from 1 to 1024");
  EXPECT_EQ(error({.workers = 1025}), "workers is 1025; it must be from 1 to 1024");
  EXPECT_EQ(error({.max_batch_images = 0}), "max_batch_images is 0; it must be from 1 to 4096");
  EXPECT_EQ(error({.max_batch_images = 4097}), "max_batch_images is 4097; it must be from 1 to 4096");
  EXPECT_EQ(error({.encoders = 1025}), "encoders is 1025; it must be from 0 to 1024");
  EXPECT_THAT(error({.max_batch_images = 16, .max_queue_images = 15}),
              HasSubstr("max_queue_images is 15; it must be from 16 to "));
}

TEST(ServiceRateTest, KnowsNothingAtFirst) { EXPECT_EQ(ServiceRate().TimeFor(1000, 1).count(), 0.0); }

TEST(ServiceRateTest, WorkersShareTheWork) {
  ServiceRate rate;
  rate.Observe(10, ServiceRate::Seconds(2.0));
  EXPECT_DOUBLE_EQ(rate.TimeFor(30, 1).count(), 6.0);
  EXPECT_DOUBLE_EQ(rate.TimeFor(30, 4).count(), 1.5);
}

TEST(ServiceRateTest, FollowsAChangeWithinAFewHundredImages) {
  ServiceRate rate;
  rate.Observe(16, ServiceRate::Seconds(16.0));
  for (int i = 0; i < 64; ++i) rate.Observe(16, ServiceRate::Seconds(32.0));
  EXPECT_NEAR(rate.TimeFor(1, 1).count(), 2.0, 0.05);
}

TEST(ServiceRateTest, OneSlowImageDoesNotChangeItMuch) {
  ServiceRate rate;
  rate.Observe(256, ServiceRate::Seconds(256.0));
  rate.Observe(1, ServiceRate::Seconds(11.0));
  EXPECT_LT(rate.TimeFor(1, 1).count(), 1.05);
}

TEST(RetryHintTest, TravelsWithTheStatus) {
  const absl::Status status = WithRetryAfter(absl::ResourceExhaustedError("full"), milliseconds(1234));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(), "full");
  EXPECT_EQ(RetryAfter(status), milliseconds(1234));
}

TEST(RetryHintTest, IsAbsentWhereNoneWasGiven) {
  EXPECT_EQ(RetryAfter(absl::ResourceExhaustedError("full")), std::nullopt);
  EXPECT_EQ(RetryAfter(absl::OkStatus()), std::nullopt);
}

}  // namespace
}  // namespace ganserve
