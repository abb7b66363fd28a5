#include "client/retry.h"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <mutex>

#include "absl/strings/str_cat.h"

namespace ganserve::client {

bool WaitUnlessStopped(std::chrono::nanoseconds delay, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  const std::chrono::steady_clock::time_point end = std::chrono::steady_clock::now() + delay;
  return !stopped.wait_until(lock, stop, end, [&stop] { return stop.stop_requested(); });
}

absl::Status Validate(const RetryPolicy& policy) {
  if (policy.max_attempts < 1 || policy.max_attempts > 100) {
    return absl::InvalidArgumentError(absl::StrCat("attempts must be 1 to 100, got ", policy.max_attempts));
  }
  if (policy.initial_backoff.count() < 0 || policy.max_backoff < policy.initial_backoff) {
    return absl::InvalidArgumentError(absl::StrCat("back-off must be 0 or more and at most ",
                                                   policy.max_backoff.count(), " ms, got ",
                                                   policy.initial_backoff.count(), " ms"));
  }
  if (!(policy.multiplier >= 1.0 && policy.multiplier <= 100.0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the back-off multiplier must be 1 to 100, got ", policy.multiplier));
  }
  if (!(policy.jitter >= 0.0 && policy.jitter <= 1.0)) {
    return absl::InvalidArgumentError(absl::StrCat("jitter must be 0 to 1, got ", policy.jitter));
  }
  return absl::OkStatus();
}

RetrySchedule::RetrySchedule(const RetryPolicy& policy, uint32_t jitter_seed) : policy_(policy), random_(jitter_seed) {}

std::optional<std::chrono::nanoseconds> RetrySchedule::DelayAfter(absl::StatusCode code,
                                                                  std::optional<std::chrono::milliseconds> pushback,
                                                                  std::optional<std::chrono::nanoseconds> time_left) {
  ++failures_;
  if (!MayRetry(code) || failures_ >= policy_.max_attempts) return std::nullopt;
  if (pushback && pushback->count() < 0) return std::nullopt;
  const std::chrono::nanoseconds delay = pushback ? std::chrono::nanoseconds(*pushback) : NextBackoff();
  if (time_left && delay >= *time_left) return std::nullopt;
  return delay;
}

void RetrySchedule::OnProgress() { failures_ = 0; }

bool RetrySchedule::MayRetry(absl::StatusCode code) const {
  // CANCELLED, when nobody here cancelled: a server that is stopping resets what arrives after its GOAWAY.
  if (code == absl::StatusCode::kUnavailable || code == absl::StatusCode::kCancelled) return true;
  return code == absl::StatusCode::kResourceExhausted && policy_.retry_resource_exhausted;
}

std::chrono::nanoseconds RetrySchedule::NextBackoff() {
  const double initial_ms = static_cast<double>(policy_.initial_backoff.count());
  const double max_ms = static_cast<double>(policy_.max_backoff.count());
  const double backoff_ms = std::min(initial_ms * std::pow(policy_.multiplier, failures_ - 1), max_ms);
  std::uniform_real_distribution<double> factor(1.0 - policy_.jitter, 1.0 + policy_.jitter);
  const std::chrono::duration<double, std::milli> delay(backoff_ms * factor(random_));
  return std::chrono::duration_cast<std::chrono::nanoseconds>(delay);
}

}  // namespace ganserve::client
