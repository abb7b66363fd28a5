#include "client/image_client.h"

#include <utility>

#include "client/call.h"
#include "client/session.h"
#include "client/unary_call.h"

namespace ganserve::client {
namespace {

Health FromProto(grpc::health::v1::HealthCheckResponse::ServingStatus status) {
  switch (status) {
    case grpc::health::v1::HealthCheckResponse::SERVING:
      return Health::kServing;
    case grpc::health::v1::HealthCheckResponse::NOT_SERVING:
      return Health::kNotServing;
    case grpc::health::v1::HealthCheckResponse::SERVICE_UNKNOWN:
      return Health::kServiceUnknown;
    default:
      return Health::kUnknown;
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<ImageClient>> ImageClient::Create(const ClientOptions& options) {
  auto session = Session::Create(options);
  if (!session.ok()) return session.status();
  return std::unique_ptr<ImageClient>(new ImageClient(*std::move(session)));
}

ImageClient::ImageClient(std::shared_ptr<const Session> session) : session_(std::move(session)) {}

ImageClient::~ImageClient() = default;

absl::StatusOr<GenerateResult> ImageClient::Generate(const v1::GenerateRequest& request,
                                                     const CallOptions& options) const {
  Call call(session_->channel(), session_->options().retry, options, session_->options().timeout);
  GenerateResult result;
  const absl::Status status = call.Run(
      [&](grpc::ClientContext& context) { return session_->images().Generate(&context, request, &result.response); });
  if (!status.ok()) return status;
  result.call = call.info();
  return result;
}

std::unique_ptr<ImageStream> ImageClient::GenerateStream(const v1::GenerateRequest& request,
                                                         const CallOptions& options) const {
  return std::make_unique<ImageStream>(session_, request, options);
}

absl::StatusOr<v1::GetServerInfoResponse> ImageClient::GetServerInfo(const CallOptions& options) const {
  return CallRepeatable(*session_, session_->images(), &v1::ImageService::Stub::GetServerInfo,
                        v1::GetServerInfoRequest(), options);
}

absl::StatusOr<Health> ImageClient::CheckHealth(const std::string& service, const CallOptions& options) const {
  const RetryPolicy once{.max_attempts = 1};
  Call call(session_->channel(), once, options, session_->options().timeout);
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(service);
  grpc::health::v1::HealthCheckResponse response;
  const absl::Status status =
      call.Run([&](grpc::ClientContext& context) { return session_->health().Check(&context, request, &response); });
  if (!status.ok()) return status;
  return FromProto(response.status());
}

absl::Status ImageClient::WatchHealth(const std::string& service, const std::function<void(Health)>& on_change,
                                      const CallOptions& options) const {
  const RetryPolicy once{.max_attempts = 1};
  Call call(session_->channel(), once, options, kNoTimeout);
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(service);
  return call.Run([&](grpc::ClientContext& context) {
    const auto reader = session_->health().Watch(&context, request);
    grpc::health::v1::HealthCheckResponse response;
    while (reader->Read(&response)) on_change(FromProto(response.status()));
    return reader->Finish();
  });
}

}  // namespace ganserve::client
