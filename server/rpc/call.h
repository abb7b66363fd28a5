// What every call has, whatever its method: a request id, authorisation, a deadline, a log line and its metrics.
#pragma once

#include <grpcpp/server_context.h>

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "server/base/clock.h"
#include "server/rpc/credentials/token_authenticator.h"
#include "server/serving/call_metrics.h"

namespace ganserve {

// What calls share; outlives them.
struct CallEnvironment {
  const Clock& clock;
  CallMetrics& metrics;
  TokenAuthenticator& authenticator;
};

class Call {
 public:
  // `method` is a constant, as gRPC has it: "/ganserve.v1.ImageService/Generate"; metrics and log name it without its
  // service. Begins the call: counts it and takes or makes its request id.
  Call(const CallEnvironment& environment, grpc::CallbackServerContext& context, std::string_view method);

  // Whether the caller may call this method: UNAUTHENTICATED if not, INVALID_ARGUMENT for a request id that is no text.
  absl::Status Authorize() const;

  const std::string& request_id() const { return request_id_; }

  // The client's deadline on our clock; TimePoint::max() if it set none.
  Clock::TimePoint deadline() const;

  // Ends the call: adds trailing metadata, logs, counts, and returns the status to finish the reactor with. Once.
  grpc::Status Finish(const absl::Status& status, uint64_t images);

 private:
  const CallEnvironment& environment_;
  grpc::CallbackServerContext& context_;
  const std::string_view full_method_;
  const std::string_view method_;
  const Clock::TimePoint start_;
  std::string request_id_;
};

}  // namespace ganserve
