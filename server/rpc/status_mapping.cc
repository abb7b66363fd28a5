#include "server/rpc/status_mapping.h"

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/serving/retry_hint.h"

namespace ganserve {
namespace {

constexpr char kFieldUrl[] = "ganserve/field";

void AddRetryInfo(std::chrono::milliseconds delay, google::rpc::Status* details) {
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(delay.count() / 1000);
  info.mutable_retry_delay()->set_nanos(static_cast<int32_t>(delay.count() % 1000 * 1'000'000));
  details->add_details()->PackFrom(info);
}

void AddBadRequest(const std::string& field, const std::string& message, google::rpc::Status* details) {
  google::rpc::BadRequest request;
  auto* violation = request.add_field_violations();
  violation->set_field(field);
  violation->set_description(message);
  details->add_details()->PackFrom(request);
}

}  // namespace

absl::Status InvalidField(const std::string& field, const std::string& message) {
  absl::Status status = absl::InvalidArgumentError(absl::StrCat(field, " ", message));
  status.SetPayload(kFieldUrl, absl::Cord(field));
  return status;
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  // absl's codes are gRPC's codes.
  const auto code = static_cast<grpc::StatusCode>(status.code());
  const std::string message(status.message());
  google::rpc::Status details;
  if (const auto delay = RetryAfter(status)) AddRetryInfo(*delay, &details);
  if (const auto field = status.GetPayload(kFieldUrl)) AddBadRequest(std::string(*field), message, &details);
  if (details.details().empty()) return grpc::Status(code, message);
  details.set_code(code);
  details.set_message(message);
  return grpc::Status(code, message, details.SerializeAsString());
}

std::string CodeName(grpc::StatusCode code) { return absl::StatusCodeToString(static_cast<absl::StatusCode>(code)); }

}  // namespace ganserve
