// A file read whole.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace ganserve {

// NOT_FOUND when it cannot be opened, UNAVAILABLE when reading fails, as that of a folder does; the message names the
// path.
absl::StatusOr<std::string> ReadFile(const std::string& path);

}  // namespace ganserve
