#include "server/model/repository_file.h"

#include <system_error>

#include "absl/strings/str_cat.h"
#include "server/base/read_file.h"

namespace ganserve {

namespace fs = std::filesystem;

absl::StatusOr<std::string> ReadWholeFile(const fs::path& path) {
  auto bytes = ReadFile(path.string());
  if (bytes.ok() || absl::IsNotFound(bytes.status())) return bytes;
  return absl::FailedPreconditionError(bytes.status().message());
}

absl::StatusOr<fs::file_type> TypeOf(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::status_known(status)) return status.type();
  return absl::FailedPreconditionError(absl::StrCat(path.string(), ": cannot be read: ", error.message()));
}

}  // namespace ganserve
