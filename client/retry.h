// When a failed call is tried again. The client does this itself instead of leaving it to gRPC's service config, so
// that broken streams can be resumed and the attempts are counted in one place.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <stop_token>

#include "absl/status/status.h"

namespace ganserve::client {

// Waits for `delay`; returns false as soon as `stop` is requested.
bool WaitUnlessStopped(std::chrono::nanoseconds delay, std::stop_token stop);

struct RetryPolicy {
  // Attempts in all, the first included; 1 to 100. A stream that has delivered an image starts counting anew.
  int max_attempts = 4;
  // The delay before the second attempt; each further one is `multiplier` times longer, up to max_backoff.
  std::chrono::milliseconds initial_backoff{100};
  std::chrono::milliseconds max_backoff{5'000};
  double multiplier = 2.0;
  // Every delay is multiplied by a random factor from [1 - jitter, 1 + jitter], so that clients which failed together
  // do not come back together; 0 to 1.
  double jitter = 0.2;
  // Whether to try again as well when the server is full (RESOURCE_EXHAUSTED), after the time it asks for.
  bool retry_resource_exhausted = false;
  // How a delay is spent: true once it has passed, false if stop was requested. Tests pass one that only takes note.
  std::function<bool(std::chrono::nanoseconds, std::stop_token)> wait = WaitUnlessStopped;
};

// INVALID_ARGUMENT names the field, its value and its range.
absl::Status Validate(const RetryPolicy& policy);

// The retries of one call. Not thread-safe.
class RetrySchedule {
 public:
  RetrySchedule(const RetryPolicy& policy, uint32_t jitter_seed);

  // Called after a failed attempt: how long to wait before the next one, or nothing if there is to be none, because the
  // code is final, the attempts are used up, or the delay would not leave any of `time_left` (nothing: no deadline).
  // `pushback` is what the server asked for, which replaces the back-off; below 0: do not come back.
  std::optional<std::chrono::nanoseconds> DelayAfter(absl::StatusCode code,
                                                     std::optional<std::chrono::milliseconds> pushback,
                                                     std::optional<std::chrono::nanoseconds> time_left);

  // The call got somewhere: attempts and back-off start anew.
  void OnProgress();

 private:
  bool MayRetry(absl::StatusCode code) const;
  std::chrono::nanoseconds NextBackoff();

  const RetryPolicy& policy_;
  std::minstd_rand random_;
  int failures_ = 0;
};

}  // namespace ganserve::client
