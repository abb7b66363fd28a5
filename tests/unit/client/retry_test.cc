#include "client/retry.h"

#include <gtest/gtest.h>

#include <limits>

namespace ganserve::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr uint32_t kSeed = 1;

RetryPolicy WithoutJitter() {
  RetryPolicy policy;
  policy.max_attempts = 10;
  policy.initial_backoff = milliseconds(100);
  policy.max_backoff = milliseconds(500);
  policy.jitter = 0;
  return policy;
}

std::optional<nanoseconds> AfterUnavailable(RetrySchedule& schedule) {
  return schedule.DelayAfter(absl::StatusCode::kUnavailable, std::nullopt, std::nullopt);
}

TEST(RetrySchedule, DoublesTheDelayUpToItsLimit) {
  const RetryPolicy policy = WithoutJitter();
  RetrySchedule schedule(policy, kSeed);
  for (const int expected_ms : {100, 200, 400, 500, 500}) {
    EXPECT_EQ(AfterUnavailable(schedule), milliseconds(expected_ms));
  }
}

TEST(RetrySchedule, KeepsJitterWithinItsBounds) {
  RetryPolicy policy = WithoutJitter();
  policy.max_attempts = 100;
  policy.multiplier = 1;
  policy.jitter = 0.2;
  RetrySchedule schedule(policy, kSeed);
  nanoseconds least = milliseconds(1000), most = milliseconds(0);
  for (int i = 0; i < 99; ++i) {
    const nanoseconds delay = AfterUnavailable(schedule).value();
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  EXPECT_GE(least, milliseconds(80));
  EXPECT_LE(most, milliseconds(120));
  EXPECT_GT(most - least, milliseconds(30));
}

TEST(RetrySchedule, EndsAfterTheLastAttempt) {
  RetryPolicy policy = WithoutJitter();
  policy.max_attempts = 3;
  RetrySchedule schedule(policy, kSeed);
  EXPECT_TRUE(AfterUnavailable(schedule));
  EXPECT_TRUE(AfterUnavailable(schedule));
  EXPECT_FALSE(AfterUnavailable(schedule));
}

TEST(RetrySchedule, StartsAnewAfterProgress) {
  RetryPolicy policy = WithoutJitter();
  policy.max_attempts = 2;
  RetrySchedule schedule(policy, kSeed);
  EXPECT_TRUE(AfterUnavailable(schedule));
  schedule.OnProgress();
  EXPECT_EQ(AfterUnavailable(schedule), milliseconds(100));
  EXPECT_FALSE(AfterUnavailable(schedule));
}

class FinalCode : public testing::TestWithParam<absl::StatusCode> {};

TEST_P(FinalCode, IsNotTriedAgain) {
  const RetryPolicy policy = WithoutJitter();
  RetrySchedule schedule(policy, kSeed);
  EXPECT_FALSE(schedule.DelayAfter(GetParam(), std::nullopt, std::nullopt));
}

INSTANTIATE_TEST_SUITE_P(RetrySchedule, FinalCode,
                         testing::Values(absl::StatusCode::kInvalidArgument, absl::StatusCode::kNotFound,
                                         absl::StatusCode::kDeadlineExceeded, absl::StatusCode::kInternal,
                                         absl::StatusCode::kUnauthenticated, absl::StatusCode::kResourceExhausted));

// gRPC resets what reaches a stopping server between its GOAWAY and the client's reading of it.
TEST(RetrySchedule, TriesAgainWhenTheServerCancelled) {
  const RetryPolicy policy = WithoutJitter();
  RetrySchedule schedule(policy, kSeed);
  EXPECT_TRUE(schedule.DelayAfter(absl::StatusCode::kCancelled, std::nullopt, std::nullopt));
}

TEST(RetrySchedule, ComesBackToAFullServerOnlyIfAskedTo) {
  RetryPolicy policy = WithoutJitter();
  policy.retry_resource_exhausted = true;
  RetrySchedule schedule(policy, kSeed);
  EXPECT_EQ(schedule.DelayAfter(absl::StatusCode::kResourceExhausted, milliseconds(37), std::nullopt),
            milliseconds(37));
}

TEST(RetrySchedule, DoesNotComeBackWhenTheServerSaysSo) {
  const RetryPolicy policy = WithoutJitter();
  RetrySchedule schedule(policy, kSeed);
  EXPECT_FALSE(schedule.DelayAfter(absl::StatusCode::kUnavailable, milliseconds(-1), std::nullopt));
}

TEST(RetrySchedule, NeverWaitsPastTheDeadline) {
  const RetryPolicy policy = WithoutJitter();
  RetrySchedule early(policy, kSeed);
  EXPECT_TRUE(early.DelayAfter(absl::StatusCode::kUnavailable, std::nullopt, milliseconds(101)));
  RetrySchedule late(policy, kSeed);
  EXPECT_FALSE(late.DelayAfter(absl::StatusCode::kUnavailable, std::nullopt, milliseconds(100)));
}

TEST(RetryPolicy, NamesTheFieldThatIsOutOfRange) {
  RetryPolicy attempts;
  attempts.max_attempts = 0;
  EXPECT_EQ(Validate(attempts).message(), "attempts must be 1 to 100, got 0");
  RetryPolicy jitter;
  jitter.jitter = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(Validate(jitter).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(Validate(RetryPolicy()).ok());
}

TEST(WaitUnlessStopped, ReturnsAtOnceWhenStopped) {
  std::stop_source source;
  source.request_stop();
  EXPECT_FALSE(WaitUnlessStopped(std::chrono::hours(1), source.get_token()));
}

TEST(WaitUnlessStopped, WaitsOutAShortDelay) { EXPECT_TRUE(WaitUnlessStopped(milliseconds(1), std::stop_token())); }

}  // namespace
}  // namespace ganserve::client
