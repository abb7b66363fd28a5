#include "server/jobs/event_log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "server/base/framing.h"
#include "server/base/status_macros.h"
#include "server/jobs/event_record.h"
#include "server/jobs/event_text.h"

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
  GANSERVE_RETURN_IF_ERROR(CatchUp());
  return AppendLocked(std::move(event));
}

absl::StatusOr<bool> EventLog::AppendAfter(uint64_t sequence, v1::TrainEvent event) {
  const FileLock lock(fd_.get());
  if (lock.error() != 0) return SystemError(lock.error(), path_, "cannot lock");
  GANSERVE_RETURN_IF_ERROR(CatchUp());
  if (last_sequence_ != sequence) return false;
  GANSERVE_RETURN_IF_ERROR(AppendLocked(std::move(event)));
  return true;
}

absl::Status EventLog::AppendLocked(v1::TrainEvent event) {
  event.set_sequence(reader_.last_sequence() + 1);
  event.set_unix_time_ms(UnixTimeMs());
  if (event.has_terminal()) event.mutable_terminal()->set_last_sequence(event.sequence());
  MakeTextValid(&event);
  if (event.ByteSizeLong() > kMaxEventBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(path_, ": an event of ", event.ByteSizeLong(), " bytes, must be at most ", kMaxEventBytes));
  }
  const std::string record = EncodeRecord(event);
  if (absl::Status status = WriteRecord(record); !status.ok()) {
    CutOff().IgnoreError();  // whoever appends next tries again
    return status;
  }
  last_sequence_ = event.sequence();
  return absl::OkStatus();
}

absl::Status EventLog::CatchUp() {
  while (true) {
    GANSERVE_ASSIGN_OR_RETURN(const auto event, reader_.Next());
    if (!event) break;
  }
  last_sequence_ = reader_.last_sequence();
  return reader_.BytesLeft() == 0 ? absl::OkStatus() : CutOff();
}

absl::Status EventLog::WriteRecord(const std::string& record) {
  GANSERVE_RETURN_IF_ERROR(WriteAll(fd_.get(), path_, record));
  return ::fdatasync(fd_.get()) == 0 ? absl::OkStatus() : SystemError(errno, path_, "cannot sync");
}

absl::Status EventLog::CutOff() {
  if (::ftruncate(fd_.get(), static_cast<off_t>(reader_.offset())) == 0) return absl::OkStatus();
  return SystemError(errno, path_, "cannot cut off the torn record");
}

}  // namespace ganserve
