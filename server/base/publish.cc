#include "server/base/publish.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <random>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/base/framing.h"
#include "server/base/status_macros.h"
#include "server/base/unique_fd.h"

namespace ganserve {
namespace {

namespace fs = std::filesystem;

constexpr absl::string_view kTemporaryMark = ".tmp.";

absl::Status WriteFile(const std::string& path, absl::string_view bytes) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, absl::StrCat(path, ": cannot create"));
  return WriteAll(fd.get(), path, bytes);
}

absl::Status Sync(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) return absl::ErrnoToStatus(errno, absl::StrCat(path, ": cannot sync"));
  return absl::OkStatus();
}

std::vector<fs::path> TemporariesIn(const std::string& folder) {
  std::vector<fs::path> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (IsTemporaryName(entry.path().filename().string())) found.push_back(entry.path());
  }
  return found;
}

absl::Status SyncFolder(const std::string& path) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    GANSERVE_RETURN_IF_ERROR(Sync(entry.path().string()));
  }
  if (error) return absl::UnavailableError(absl::StrCat(path, ": cannot list: ", error.message()));
  return Sync(path);
}

// Removes the temporary file or folder unless it was renamed.
class Temporary {
 public:
  explicit Temporary(const std::string& path) : name_(TemporaryName(path)) {}
  ~Temporary() {
    std::error_code ignored;  // there is nobody to tell, and the name says what it is
    fs::remove_all(name_, ignored);
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  const std::string& name() const { return name_; }

 private:
  const std::string name_;
};

}  // namespace

// Replicas in containers that share a volume all have process id 1: random bits keep their files apart.
std::string TemporaryName(const std::string& path) {
  return absl::StrCat(path, kTemporaryMark, ::getpid(), "-", absl::Hex(std::random_device()()));
}

absl::Status PublishFile(const std::string& path, absl::string_view contents) {
  return PublishFileWith(
      path, [contents](const std::string& temporary) -> absl::Status { return WriteFile(temporary, contents); });
}

absl::Status PublishFileWith(const std::string& path, const std::function<absl::Status(const std::string&)>& write) {
  const Temporary temporary(path);
  GANSERVE_RETURN_IF_ERROR(write(temporary.name()));
  GANSERVE_RETURN_IF_ERROR(Sync(temporary.name()));
  return RenameDurably(temporary.name(), path);
}

absl::Status PublishFolderWith(const std::string& path, const std::function<absl::Status(const std::string&)>& write) {
  std::error_code error;
  if (fs::exists(path, error)) return absl::AlreadyExistsError(absl::StrCat(path, ": exists already"));
  const Temporary temporary(path);
  GANSERVE_RETURN_IF_ERROR(MakeFolders(temporary.name()));
  GANSERVE_RETURN_IF_ERROR(write(temporary.name()));
  GANSERVE_RETURN_IF_ERROR(SyncFolder(temporary.name()));
  return RenameDurably(temporary.name(), path);
}

absl::Status RenameDurably(const std::string& from, const std::string& to) {
  // A folder does not replace one that holds something: somebody else has published it meanwhile.
  if (::rename(from.c_str(), to.c_str()) != 0) {
    if (errno == ENOTEMPTY || errno == EEXIST) return absl::AlreadyExistsError(absl::StrCat(to, ": exists already"));
    return absl::ErrnoToStatus(errno, absl::StrCat(to, ": cannot publish"));
  }
  return Sync(fs::path(to).parent_path().string());
}

bool IsTemporaryName(absl::string_view name) { return absl::StrContains(name, kTemporaryMark); }

void RemoveTemporaries(const std::string& folder) {
  std::error_code ignored;
  for (const fs::path& path : TemporariesIn(folder)) fs::remove_all(path, ignored);
}

void RemoveTemporaries(const std::string& folder, std::chrono::seconds age) {
  const fs::file_time_type before = fs::file_time_type::clock::now() - age;
  for (const fs::path& path : TemporariesIn(folder)) {
    std::error_code error;
    const fs::file_time_type changed = fs::last_write_time(path, error);
    if (!error && changed <= before) fs::remove_all(path, error);
  }
}

absl::Status MakeFolders(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (!error) return absl::OkStatus();
  return absl::ErrnoToStatus(error.value(), absl::StrCat(path, ": cannot create the folder"));
}

}  // namespace ganserve
