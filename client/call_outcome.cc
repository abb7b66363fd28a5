#include "client/call_outcome.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace ganserve::client {
namespace {

std::string TrailingMetadata(const grpc::ClientContext& context, const char* key) {
  const auto& metadata = context.GetServerTrailingMetadata();
  const auto found = metadata.find(key);
  if (found == metadata.end()) return "";
  return std::string(found->second.data(), found->second.size());
}

std::optional<std::chrono::milliseconds> RetryInfoDelay(const std::string& error_details) {
  google::rpc::Status details;
  if (!details.ParseFromString(error_details)) return std::nullopt;
  for (const google::protobuf::Any& any : details.details()) {
    google::rpc::RetryInfo retry;
    if (!any.UnpackTo(&retry)) continue;
    return std::chrono::seconds(retry.retry_delay().seconds()) +
           std::chrono::milliseconds(retry.retry_delay().nanos() / 1'000'000);
  }
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> Pushback(const grpc::Status& status, const grpc::ClientContext& context) {
  const std::string text = TrailingMetadata(context, "grpc-retry-pushback-ms");
  int64_t milliseconds = 0;
  if (absl::SimpleAtoi(text, &milliseconds)) return std::chrono::milliseconds(milliseconds);
  return RetryInfoDelay(status.error_details());
}

// How gRPC, which has no code for it, begins the message of a call that found no connection: round_robin's words,
// pick_first's, which a server's own service config may ask for, and the resolver's.
bool FoundNoConnection(const grpc::Status& status) {
  if (status.error_code() != grpc::StatusCode::UNAVAILABLE) return false;
  const std::string& message = status.error_message();
  return absl::StartsWith(message, "connections to all backends failing") ||
         absl::StartsWith(message, "failed to connect to all addresses") ||
         absl::StartsWith(message, "DNS resolution failed");
}

}  // namespace

CallOutcome OutcomeOf(const grpc::Status& status, const grpc::ClientContext& context) {
  CallOutcome outcome;
  // gRPC's codes and absl's are the same numbers.
  outcome.status = absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  outcome.request_id = TrailingMetadata(context, "x-request-id");
  outcome.sent = !FoundNoConnection(status);
  if (!status.ok()) outcome.pushback = Pushback(status, context);
  return outcome;
}

absl::Status Annotated(const absl::Status& status, const CallInfo& info) {
  if (status.ok()) return status;
  std::vector<std::string> notes;
  if (info.attempts > 1) notes.push_back(absl::StrCat(info.attempts, " attempts"));
  if (!info.request_id.empty()) notes.push_back(absl::StrCat("request id ", info.request_id));
  if (notes.empty()) return status;
  return absl::Status(status.code(), absl::StrCat(status.message(), " (", absl::StrJoin(notes, ", "), ")"));
}

}  // namespace ganserve::client
