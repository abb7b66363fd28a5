// Reading small text files such as certificates and tokens.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace ganserve::client {

// The whole file. `what` says in an error what the file was to be, such as "the CA file". NOT_FOUND if it cannot be
// read, INVALID_ARGUMENT if it is empty or larger than 1 MiB.
absl::StatusOr<std::string> ReadTextFile(const std::string& path, const std::string& what);

}  // namespace ganserve::client
