#include "client/call.h"

#include <random>
#include <utility>

#include "absl/strings/str_cat.h"

namespace ganserve::client {
namespace {

constexpr size_t kMaxRequestIdLength = 128;

}  // namespace

Call::Call(const Channel& channel, const RetryPolicy& retry, CallOptions options, std::chrono::milliseconds timeout)
    : channel_(channel), retry_(retry), options_(std::move(options)), schedule_(retry, std::random_device{}()) {
  const std::chrono::milliseconds limit = options_.timeout.value_or(timeout);
  if (limit.count() > 0) deadline_ = std::chrono::steady_clock::now() + limit;
}

absl::Status Call::Check() const {
  if (!options_.request_id.empty() && !IsVisibleAscii(options_.request_id, kMaxRequestIdLength)) {
    return absl::InvalidArgumentError(absl::StrCat("a request id must be 1 to ", kMaxRequestIdLength,
                                                   " visible ASCII characters, got \"", options_.request_id, "\""));
  }
  return absl::OkStatus();
}

void Call::Prepare(grpc::ClientContext& context) {
  ++info_.attempts;
  channel_.Authorize(context);
  if (!options_.request_id.empty()) context.AddMetadata("x-request-id", options_.request_id);
  if (const auto left = TimeLeft()) {
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::duration_cast<std::chrono::system_clock::duration>(*left));
  }
}

void Call::Learn(const CallOutcome& outcome) {
  info_.request_id = outcome.request_id.empty() ? options_.request_id : outcome.request_id;
}

bool Call::WaitToRetry(const CallOutcome& outcome) {
  if (options_.stop.stop_requested()) return false;
  const auto delay = schedule_.DelayAfter(outcome.status.code(), outcome.pushback, TimeLeft());
  return delay && retry_.wait(*delay, options_.stop);
}

std::optional<std::chrono::nanoseconds> Call::TimeLeft() const {
  if (!deadline_) return std::nullopt;
  return *deadline_ - std::chrono::steady_clock::now();
}

}  // namespace ganserve::client
