#include "server/rpc/credentials/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/base/unique_fd.h"

namespace ganserve {
namespace {

constexpr size_t kMaxBytes = 1 << 20;  // a bundle of all public authorities is a quarter of that

absl::Status Refuse(const std::string& path, absl::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat(path, ": ", why));
}

}  // namespace

absl::StatusOr<std::string> ReadTextFile(const std::string& path) {
  // O_NONBLOCK: a FIFO must be refused, not waited for.
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) return Refuse(path, std::strerror(errno));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return Refuse(path, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return Refuse(path, "not a regular file");

  std::string text(kMaxBytes + 1, '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t bytes = ::read(file.get(), text.data() + size, text.size() - size);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) return Refuse(path, std::strerror(errno));
    if (bytes == 0) break;
    size += static_cast<size_t>(bytes);
  }
  if (size == 0) return Refuse(path, "empty");
  if (size > kMaxBytes) return Refuse(path, absl::StrCat("larger than the limit of ", kMaxBytes, " bytes"));
  text.resize(size);
  return text;
}

}  // namespace ganserve
