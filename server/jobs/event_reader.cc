#include "server/jobs/event_reader.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/jobs/event_record.h"

namespace ganserve {
namespace {

constexpr size_t kBlockBytes = 32 * 1024;  // some 200 losses

absl::Status Removed(const std::string& path) { return absl::NotFoundError(absl::StrCat(path, ": has been removed")); }

}  // namespace

absl::StatusOr<std::optional<v1::TrainEvent>> EventReader::Next() {
  GANSERVE_RETURN_IF_ERROR(Open());
  if (!fd_.valid()) return std::nullopt;
  v1::TrainEvent event;
  size_t bytes = DecodeRecord(buffer_, &event);
  if (bytes == 0) {
    // What was read of a record that was not complete may be another by now.
    buffer_.clear();
    GANSERVE_RETURN_IF_ERROR(Fill(kBlockBytes));
    bytes = DecodeRecord(buffer_, &event);
  }
  if (bytes == 0 && buffer_.size() >= kBlockBytes) {
    GANSERVE_RETURN_IF_ERROR(Fill(kMaxRecordBytes));
    bytes = DecodeRecord(buffer_, &event);
  }
  if (bytes == 0) {
    buffer_ = std::string();
    return std::nullopt;
  }
  GANSERVE_RETURN_IF_ERROR(CheckSequence(event.sequence(), last_sequence_ + 1, offset_, path_));
  ++last_sequence_;
  ended_ = event.has_terminal();
  offset_ += bytes;
  buffer_.erase(0, bytes);
  return event;
}

absl::Status EventReader::Skip(uint64_t sequence) {
  GANSERVE_RETURN_IF_ERROR(Open());
  while (last_sequence_ < sequence) {
    GANSERVE_ASSIGN_OR_RETURN(const auto event, Next());
    if (!event) {
      return absl::OutOfRangeError(
          absl::StrCat("after_sequence is ", sequence, ", but the job's last event is ", last_sequence_));
    }
  }
  return absl::OkStatus();
}

uint64_t EventReader::BytesLeft() const {
  struct stat status {};
  if (!fd_.valid() || ::fstat(fd_.get(), &status) != 0) return 0;
  const auto size = static_cast<uint64_t>(status.st_size);
  return size - std::min(size, offset_);
}

absl::Status EventReader::Open() {
  if (!fd_.valid()) {
    fd_ = UniqueFd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd_.valid() || errno == ENOENT) return absl::OkStatus();
    return absl::ErrnoToStatus(errno, absl::StrCat(path_, ": cannot open"));
  }
  struct stat status {};
  return ::fstat(fd_.get(), &status) == 0 && status.st_nlink == 0 ? Removed(path_) : absl::OkStatus();
}

absl::Status EventReader::Fill(size_t bytes) {
  while (buffer_.size() < bytes) {
    const size_t begin = buffer_.size();
    buffer_.resize(std::min(bytes, begin + kBlockBytes));
    const ssize_t count =
        ::pread(fd_.get(), buffer_.data() + begin, buffer_.size() - begin, static_cast<off_t>(offset_ + begin));
    buffer_.resize(begin + static_cast<size_t>(std::max<ssize_t>(0, count)));
    if (count < 0 && errno != EINTR) return absl::ErrnoToStatus(errno, absl::StrCat(path_, ": cannot read"));
    if (count == 0) return absl::OkStatus();
  }
  return absl::OkStatus();
}

}  // namespace ganserve
