// The client of ganserve.v1.ImageService.
//
//   auto client = ImageClient::Create({.server = "127.0.0.1:50051"});
//   auto result = (*client)->Generate(request);
//
// Errors are the server's, with the request id in the message, and besides UNAVAILABLE if it cannot be reached,
// DEADLINE_EXCEEDED and CANCELLED. UNAVAILABLE is tried again as RetryPolicy says, never past the deadline: calls have
// no effects on the server and the same request gives the same images.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/call_options.h"
#include "client/client_options.h"
#include "client/image_stream.h"
#include "ganserve/v1/images.pb.h"

namespace ganserve::client {

class Session;

struct GenerateResult {
  v1::GenerateResponse response;
  CallInfo call;
};

// As grpc.health.v1; kServiceUnknown comes from a watch only.
enum class Health { kUnknown, kServing, kNotServing, kServiceUnknown };

// Thread-safe; calls block the thread that makes them.
class ImageClient {
 public:
  // Connects at the first call. INVALID_ARGUMENT or NOT_FOUND names the option or the file that is of no use.
  static absl::StatusOr<std::unique_ptr<ImageClient>> Create(const ClientOptions& options);
  ~ImageClient();

  absl::StatusOr<GenerateResult> Generate(const v1::GenerateRequest& request, const CallOptions& call = {}) const;

  // The images one by one. The client's timeout does not apply, only one that `call` sets. The stream may outlive the
  // client.
  std::unique_ptr<ImageStream> GenerateStream(const v1::GenerateRequest& request, const CallOptions& call = {}) const;

  absl::StatusOr<v1::GetServerInfoResponse> GetServerInfo(const CallOptions& call = {}) const;

  // Health of one service, or of the server for an empty name. NOT_FOUND for a service that the server does not know.
  // Asks once: a health check that tries again would hide what it is asked for.
  absl::StatusOr<Health> CheckHealth(const std::string& service, const CallOptions& call = {}) const;

  // Calls `on_change` with the health now and after every change. Returns when stopped (CANCELLED) or when the
  // connection breaks. The client's timeout does not apply.
  absl::Status WatchHealth(const std::string& service, const std::function<void(Health)>& on_change,
                           const CallOptions& call = {}) const;

 private:
  explicit ImageClient(std::shared_ptr<const Session> session);

  const std::shared_ptr<const Session> session_;
};

}  // namespace ganserve::client
