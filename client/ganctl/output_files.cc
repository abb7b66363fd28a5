#include "client/ganctl/output_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/ganctl/exit_code.h"

namespace ganserve::ganctl {
namespace {

absl::Status CannotWrite(const std::string& path, int error) {
  return FileError(absl::StrCat("cannot write ", path, ": ", std::strerror(error)));
}

// 0, or errno.
int WriteAll(int fd, const std::string& data) {
  size_t done = 0;
  while (done < data.size()) {
    const ssize_t written = ::write(fd, data.data() + done, data.size() - done);
    if (written < 0 && errno != EINTR) return errno;
    if (written > 0) done += static_cast<size_t>(written);
  }
  return 0;
}

bool IsRegularFile(int fd) {
  struct stat attributes;
  return ::fstat(fd, &attributes) == 0 && S_ISREG(attributes.st_mode);
}

}  // namespace

std::string ImageFileName(uint64_t seed, uint64_t index, const std::string& extension) {
  return absl::StrFormat("%d-%07d.%s", seed, index, extension);
}

absl::Status WriteFile(const std::string& path, const std::string& data) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return CannotWrite(path, errno);
  const bool removable = IsRegularFile(fd);
  int error = WriteAll(fd, data);
  // Network file systems tell of a full disk only here.
  if (::close(fd) != 0 && error == 0) error = errno;
  if (error == 0) return absl::OkStatus();
  if (removable) ::unlink(path.c_str());
  return CannotWrite(path, error);
}

absl::Status CreateFolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? absl::OkStatus() : CreateFolder(folder);
}

absl::Status CreateFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error) return absl::OkStatus();
  return FileError(absl::StrCat("cannot create the folder ", path, ": ", error.message()));
}

}  // namespace ganserve::ganctl
