// The one place where our statuses become gRPC's.
#pragma once

#include <grpcpp/support/status.h>

#include <string>

#include "absl/status/status.h"

namespace ganserve {

// An INVALID_ARGUMENT status about one field of a request; ToGrpc adds google.rpc.BadRequest with the field's name.
absl::Status InvalidField(const std::string& field, const std::string& message);

// The same code and message, with google.rpc.Status details where the status carries them: RetryInfo for a retry hint
// (serving/retry_hint.h), BadRequest for InvalidField.
grpc::Status ToGrpc(const absl::Status& status);

// "OK", "INVALID_ARGUMENT", ...: the names of https://grpc.io/docs/guides/status-codes/.
std::string CodeName(grpc::StatusCode code);

}  // namespace ganserve
