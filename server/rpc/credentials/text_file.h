// Small text files that an operator writes: certificates, keys, tokens.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace ganserve {

// FAILED_PRECONDITION, naming the path and the cause, if it is not a readable regular file of 1 byte to 1 MiB.
absl::StatusOr<std::string> ReadTextFile(const std::string& path);

}  // namespace ganserve
