#include "server/base/read_file.h"

#include <array>
#include <fstream>

#include "absl/strings/str_cat.h"

namespace ganserve {

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return absl::NotFoundError(absl::StrCat(path, ": cannot open"));
  std::string bytes;
  std::array<char, 64 << 10> buffer{};
  // Not by istreambuf_iterator, which throws when the device fails, or for a folder.
  while (stream.read(buffer.data(), buffer.size()) || stream.gcount() > 0) {
    bytes.append(buffer.data(), static_cast<size_t>(stream.gcount()));
  }
  if (stream.bad()) return absl::UnavailableError(absl::StrCat(path, ": cannot read"));
  return bytes;
}

}  // namespace ganserve
