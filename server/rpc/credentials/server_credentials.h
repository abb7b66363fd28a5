// gRPC server credentials from PEM files that are read again when they change.
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "absl/status/statusor.h"
#include "server/base/clock.h"
#include "server/rpc/credentials/tls_options.h"

namespace ganserve {

// For one listening port. Insecure credentials without a cert_file; otherwise TLS 1.2 and above, mutual with a
// client_ca_file. `clock` outlives the server.
//
// FAILED_PRECONDITION, naming the file, if one cannot be read or parsed or the key is not the certificate's.
//
// New connections get the files' new contents as a whole; connections that stand keep what they began with. While the
// files are unreadable or do not fit together, as in the middle of a replacement, new connections get what was valid
// last, and one warning is logged for each state of the files.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(const TlsOptions& options,
                                                                               const Clock& clock = Clock::Real());

}  // namespace ganserve
