// What one attempt at a call came to, in absl's words. For the files of client/ only.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "client/call_options.h"

namespace ganserve::client {

struct CallOutcome {
  absl::Status status;
  // From the trailing metadata x-request-id; empty if there was none.
  std::string request_id;
  // When the server wants to see the client again, from the trailing metadata grpc-retry-pushback-ms or else from
  // google.rpc.RetryInfo; below 0: not at all.
  std::optional<std::chrono::milliseconds> pushback;
  // False if there was no connection that the request could have been sent on.
  bool sent = true;
};

// The outcome of a call that has finished on `context`.
CallOutcome OutcomeOf(const grpc::Status& status, const grpc::ClientContext& context);

// The status with what a person needs to find the call in the server's log: attempts, if several, and the request id.
absl::Status Annotated(const absl::Status& status, const CallInfo& info);

}  // namespace ganserve::client
