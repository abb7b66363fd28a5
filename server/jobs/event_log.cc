#include "server/jobs/event_log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "server/base/framing.h"
#include "server/base/status_macros.h"
#include "server/jobs/event_reader.h"
#include "server/jobs/event_record.h"

namespace ganserve {
namespace {

// Holds the flock of a file; other writers wait.
class FileLock {
 public:
  explicit FileLock(int fd) : fd_(fd) {
    int result;
    do {
      result = ::flock(fd_, LOCK_EX);
    } while (result != 0 && errno == EINTR);
    error_ = result == 0 ? 0 : errno;
  }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock() {
    if (error_ == 0) ::flock(fd_, LOCK_UN);
  }

  int error() const { return error_; }  // an errno; 0 when the lock is held

 private:
  int fd_;
  int error_;
};

absl::Status SystemError(int error, const std::string& path, absl::string_view what) {
  return absl::ErrnoToStatus(error, absl::StrCat(path, ": ", what));
}

// What the file holds from `offset` on.
absl::StatusOr<std::string> ReadFrom(int fd, uint64_t offset, const std::string& path) {
  std::string bytes;
  char block[16 * 1024];
  while (true) {
    const ssize_t count = ::pread(fd, block, sizeof(block), static_cast<off_t>(offset + bytes.size()));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return SystemError(errno, path, "cannot read");
    if (count == 0) return bytes;
    bytes.append(block, static_cast<size_t>(count));
  }
}

int64_t UnixTimeMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

absl::StatusOr<EventLog> EventLog::Open(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!fd.valid()) return SystemError(errno, path, "cannot open");
  EventLog log(path, std::move(fd));
  const FileLock lock(log.fd_.get());
  if (lock.error() != 0) return SystemError(lock.error(), path, "cannot lock");
  GANSERVE_RETURN_IF_ERROR(log.CatchUp());
  return log;
}

absl::Status EventLog::Append(v1::TrainEvent event) {
  const FileLock lock(fd_.get());
  if (lock.error() != 0) return SystemError(lock.error(), path_, "cannot lock");
  return AppendLocked(std::move(event));
}

absl::Status EventLog::AppendLocked(v1::TrainEvent event) {
  GANSERVE_RETURN_IF_ERROR(CatchUp());
  event.set_sequence(last_sequence_ + 1);
  event.set_unix_time_ms(UnixTimeMs());
  if (event.has_terminal()) event.mutable_terminal()->set_last_sequence(event.sequence());
  if (event.ByteSizeLong() > kMaxEventBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(path_, ": an event of ", event.ByteSizeLong(), " bytes, must be at most ", kMaxEventBytes));
  }
  const std::string record = EncodeRecord(event);
  if (absl::Status status = WriteRecord(record); !status.ok()) {
    CutOff().IgnoreError();  // whoever appends next tries again
    return status;
  }
  intact_bytes_ += record.size();
  ++last_sequence_;
  return absl::OkStatus();
}

absl::Status EventLog::CatchUp() {
  GANSERVE_ASSIGN_OR_RETURN(const std::string bytes, ReadFrom(fd_.get(), intact_bytes_, path_));
  absl::string_view rest = bytes;
  v1::TrainEvent event;
  while (const size_t record_bytes = DecodeRecord(rest, &event)) {
    GANSERVE_RETURN_IF_ERROR(CheckSequence(event.sequence(), last_sequence_ + 1, intact_bytes_, path_));
    ++last_sequence_;
    intact_bytes_ += record_bytes;
    rest.remove_prefix(record_bytes);
  }
  return rest.empty() ? absl::OkStatus() : CutOff();
}

absl::Status EventLog::WriteRecord(const std::string& record) {
  GANSERVE_RETURN_IF_ERROR(WriteAll(fd_.get(), path_, record));
  return ::fdatasync(fd_.get()) == 0 ? absl::OkStatus() : SystemError(errno, path_, "cannot sync");
}

absl::Status EventLog::CutOff() {
  if (::ftruncate(fd_.get(), static_cast<off_t>(intact_bytes_)) == 0) return absl::OkStatus();
  return SystemError(errno, path_, "cannot cut off the torn record");
}

absl::StatusOr<EventLogContents> ReadEventLog(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return absl::NotFoundError(absl::StrCat(path, ": cannot open"));
  EventReader reader(path);
  EventLogContents contents;
  while (true) {
    GANSERVE_ASSIGN_OR_RETURN(auto event, reader.Next());
    if (!event) break;
    contents.events.push_back(*std::move(event));
  }
  contents.valid_bytes = reader.offset();
  contents.torn = reader.BytesLeft() > 0;
  return contents;
}

}  // namespace ganserve
