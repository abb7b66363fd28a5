#include "server/model/repository_file.h"

#include <array>
#include <fstream>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace ganserve {

namespace fs = std::filesystem;

absl::StatusOr<std::string> ReadWholeFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(path.string(), ": cannot be read"));
  std::string bytes;
  std::array<char, 64 << 10> buffer{};
  // Not by istreambuf_iterator, which throws when the device fails, or for a folder.
  while (file.read(buffer.data(), buffer.size()) || file.gcount() > 0) {
    bytes.append(buffer.data(), static_cast<size_t>(file.gcount()));
  }
  if (file.bad()) return absl::FailedPreconditionError(absl::StrCat(path.string(), ": reading failed"));
  return bytes;
}

absl::StatusOr<fs::file_type> TypeOf(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::status_known(status)) return status.type();
  return absl::FailedPreconditionError(absl::StrCat(path.string(), ": cannot be read: ", error.message()));
}

}  // namespace ganserve
