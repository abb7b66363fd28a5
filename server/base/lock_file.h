// A file that says who works in a folder.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "server/base/unique_fd.h"

namespace ganserve {

// The flock(2) of `path`, which is created where missing; nothing if somebody else holds it. Held for as long as the
// descriptor is open, and so no longer than its process lives. Errors of the file system name the path.
absl::StatusOr<std::optional<UniqueFd>> TryLockFile(const std::string& path);

}  // namespace ganserve
