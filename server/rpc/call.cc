#include "server/rpc/call.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <random>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/log/log.h"
#include "server/rpc/status_mapping.h"
#include "server/serving/retry_hint.h"

namespace ganserve {
namespace {

constexpr char kRequestIdKey[] = "x-request-id";
constexpr size_t kMaxRequestIdLength = 128;
// gRPC's own name: https://github.com/grpc/proposal/blob/master/A6-client-retries.md#pushback
constexpr char kPushbackKey[] = "grpc-retry-pushback-ms";

std::string NewRequestId() {
  // Unique within a process by the counter, and between processes, all but certainly, by 64 random bits.
  static const uint64_t process = (uint64_t{std::random_device()()} << 32) | std::random_device()();
  static std::atomic<uint64_t> calls = 0;
  return absl::StrCat(absl::Hex(process, absl::kZeroPad16), "-", absl::Hex(++calls));
}

std::optional<std::string> Metadata(const grpc::CallbackServerContext& context, const char* key) {
  const auto entry = context.client_metadata().find(key);
  if (entry == context.client_metadata().end()) return std::nullopt;
  return std::string(entry->second.data(), entry->second.size());
}

bool IsRequestId(const std::string& text) {
  return !text.empty() && text.size() <= kMaxRequestIdLength && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c));
  });
}

// What an overloaded server answers thousands of times a second, or callers without a token get as often as they like,
// is for the metrics, not for the log.
LogLevel LevelOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kUnauthenticated:
      return LogLevel::kDebug;
    case absl::StatusCode::kInternal:
      return LogLevel::kError;
    default:
      return LogLevel::kInfo;
  }
}

}  // namespace

Call::Call(const CallEnvironment& environment, grpc::CallbackServerContext& context, std::string_view method)
    : environment_(environment),
      context_(context),
      full_method_(method),
      method_(method.substr(method.rfind('/') + 1)),
      start_(environment.clock.Now()) {
  environment_.metrics.CallStarted(method_);
  request_id_ = Metadata(context_, kRequestIdKey).value_or("");
  if (!IsRequestId(request_id_)) request_id_ = NewRequestId();
}

absl::Status Call::Authorize() const {
  const auto given = Metadata(context_, kRequestIdKey);
  if (given && !IsRequestId(*given)) {
    return absl::InvalidArgumentError(absl::StrCat("metadata ", kRequestIdKey, " has ", given->size(),
                                                   " characters; it must be 1 to ", kMaxRequestIdLength,
                                                   " visible ASCII characters"));
  }
  return environment_.authenticator.Authorize(full_method_, Metadata(context_, "authorization").value_or(""));
}

Clock::TimePoint Call::deadline() const {
  const auto deadline = context_.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return Clock::TimePoint::max();
  const auto left = deadline - std::chrono::system_clock::now();
  // gRPC says "none" with a time centuries away as well.
  constexpr auto kNever = std::chrono::hours(24 * 365 * 10);
  return left > kNever ? Clock::TimePoint::max() : environment_.clock.Now() + left;
}

grpc::Status Call::Finish(const absl::Status& status, uint64_t images) {
  context_.AddTrailingMetadata(kRequestIdKey, request_id_);
  if (const auto delay = RetryAfter(status)) context_.AddTrailingMetadata(kPushbackKey, absl::StrCat(delay->count()));
  const std::chrono::duration<double> elapsed = environment_.clock.Now() - start_;
  const grpc::Status answer = ToGrpc(status);
  const std::string code = CodeName(answer.error_code());
  environment_.metrics.CallFinished(method_, status.code(), elapsed);
  if (const LogLevel level = LevelOf(status); LogEnabled(level)) {
    Log(level, "call",
        {{"request_id", request_id_},
         {"method", method_},
         {"code", code},
         {"images", images},
         {"seconds", elapsed.count()},
         {"error", answer.error_message()}});
  }
  return answer;
}

}  // namespace ganserve
