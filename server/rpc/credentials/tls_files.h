// The contents of TLS files: read together, checked together.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/rpc/credentials/tls_options.h"

namespace ganserve {

struct TlsMaterial {
  std::string cert_chain;
  std::string private_key;
  std::string client_ca;  // empty without mutual TLS
};

// FAILED_PRECONDITION, naming the file, unless every file parses and the private key belongs to the first certificate.
absl::StatusOr<TlsMaterial> ReadTlsMaterial(const TlsOptions& options);

}  // namespace ganserve
