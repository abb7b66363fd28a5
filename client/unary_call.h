// A unary call over its attempts. For the files of client/ only.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <chrono>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/call.h"
#include "client/call_options.h"
#include "client/retry.h"
#include "client/session.h"

namespace ganserve::client {

template <typename Stub, typename Request, typename Response>
using UnaryMethod = grpc::Status (Stub::*)(grpc::ClientContext*, const Request&, Response*);

template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> CallUnary(const Session& session, const RetryPolicy& retry, std::chrono::milliseconds timeout,
                                   Stub& stub, UnaryMethod<Stub, Request, Response> method, const Request& request,
                                   const CallOptions& options) {
  Call call(session.channel(), retry, options, timeout);
  Response response;
  const absl::Status status =
      call.Run([&](grpc::ClientContext& context) { return (stub.*method)(&context, request, &response); });
  if (!status.ok()) return status;
  return response;
}

// A call that may be made again: it has no effects, or making it twice comes to the same as once.
template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> CallRepeatable(const Session& session, Stub& stub, UnaryMethod<Stub, Request, Response> method,
                                        const Request& request, const CallOptions& options) {
  return CallUnary(session, session.options().retry, session.options().timeout, stub, method, request, options);
}

// A call that is not made again, because the server may have done what it says although its answer was lost.
template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> CallOnce(const Session& session, std::chrono::milliseconds timeout, Stub& stub,
                                  UnaryMethod<Stub, Request, Response> method, const Request& request,
                                  const CallOptions& options) {
  const RetryPolicy once{.max_attempts = 1};
  return CallUnary(session, once, timeout, stub, method, request, options);
}

}  // namespace ganserve::client
