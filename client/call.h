// The life of one call over its attempts: deadline, metadata, cancellation, back-off. For the files of client/ only.
#pragma once

#include <grpcpp/client_context.h>

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>

#include "absl/status/status.h"
#include "client/call_options.h"
#include "client/call_outcome.h"
#include "client/channel.h"
#include "client/retry.h"

namespace ganserve::client {

// Of calls that take as long as they take.
inline constexpr std::chrono::milliseconds kNoTimeout{0};

// One attempt's context; cancelled when the call is stopped.
class Attempt {
 public:
  explicit Attempt(std::stop_token stop) : on_stop_(std::move(stop), [this] { context_.TryCancel(); }) {}

  grpc::ClientContext& context() { return context_; }

 private:
  grpc::ClientContext context_;
  // Last: no stop may reach a context that is gone.
  std::stop_callback<std::function<void()>> on_stop_;
};

// Not thread-safe; `channel` and `retry` outlive the call.
class Call {
 public:
  // `timeout` is the client's own, which `options` may replace.
  Call(const Channel& channel, const RetryPolicy& retry, CallOptions options, std::chrono::milliseconds timeout);

  // OK if the options are; asked once, before the first attempt.
  absl::Status Check() const;

  // Counts an attempt and gives its context deadline and metadata.
  void Prepare(grpc::ClientContext& context);

  // After an attempt: keeps its request id.
  void Learn(const CallOutcome& outcome);

  // After a failed attempt: waits as the policy says and returns true if there is to be another one.
  bool WaitToRetry(const CallOutcome& outcome);

  // The call got somewhere: retries start anew.
  void OnProgress() { schedule_.OnProgress(); }

  // Makes attempts with `attempt` (grpc::Status(grpc::ClientContext&)) until one succeeds or no more are due.
  template <typename Function>
  absl::Status Run(Function attempt) {
    if (absl::Status status = Check(); !status.ok()) return status;
    while (true) {
      Attempt current(options_.stop);
      Prepare(current.context());
      const grpc::Status status = attempt(current.context());
      const CallOutcome outcome = OutcomeOf(status, current.context());
      Learn(outcome);
      if (outcome.status.ok() || !WaitToRetry(outcome)) return Annotated(outcome.status, info_);
    }
  }

  const CallInfo& info() const { return info_; }
  const std::stop_token& stop() const { return options_.stop; }

 private:
  std::optional<std::chrono::nanoseconds> TimeLeft() const;

  const Channel& channel_;
  const RetryPolicy& retry_;
  const CallOptions options_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  RetrySchedule schedule_;
  CallInfo info_;
};

}  // namespace ganserve::client
