// Files of the model repository that are read whole.
#pragma once

#include <filesystem>
#include <string>

#include "absl/status/statusor.h"

namespace ganserve {

// NOT_FOUND if it cannot be opened, FAILED_PRECONDITION if reading fails; the message names the path.
absl::StatusOr<std::string> ReadWholeFile(const std::filesystem::path& path);

// What is at `path`, file_type::not_found if nothing is. FAILED_PRECONDITION if it cannot be told: no permission, too
// long a name.
absl::StatusOr<std::filesystem::file_type> TypeOf(const std::filesystem::path& path);

}  // namespace ganserve
