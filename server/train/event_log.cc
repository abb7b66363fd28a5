#include "server/train/event_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/train/framing.h"

namespace ganserve {
namespace {

constexpr size_t kLengthBytes = 4;
constexpr size_t kChecksumBytes = 4;
constexpr size_t kHeaderBytes = kLengthBytes + kChecksumBytes;
// Events are a few dozen bytes; a length beyond this is a torn or foreign header.
constexpr uint32_t kMaxEventBytes = 1 << 20;

uint32_t LittleEndian32(absl::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = 4; i > 0; --i) value = value << 8 | static_cast<uint8_t>(bytes[i - 1]);
  return value;
}

std::string Record(const v1::TrainerEvent& event) {
  const std::string message = event.SerializeAsString();
  const std::string length = LittleEndian(message.size(), kLengthBytes);
  return absl::StrCat(length, LittleEndian(Crc32({length, message}), kChecksumBytes), message);
}

// Bytes of the intact record at the start of `rest`; 0 when there is none.
size_t ParseRecord(absl::string_view rest, v1::TrainerEvent* event) {
  if (rest.size() < kHeaderBytes) return 0;
  const uint32_t length = LittleEndian32(rest);
  if (length > kMaxEventBytes || rest.size() - kHeaderBytes < length) return 0;
  const absl::string_view message = rest.substr(kHeaderBytes, length);
  if (Crc32({rest.substr(0, kLengthBytes), message}) != LittleEndian32(rest.substr(kLengthBytes))) return 0;
  if (!event->ParseFromArray(message.data(), static_cast<int>(message.size()))) return 0;
  return kHeaderBytes + length;
}

int64_t UnixTimeMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

absl::StatusOr<EventLog> EventLog::Open(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, absl::StrCat(path, ": cannot open"));
  GANSERVE_ASSIGN_OR_RETURN(const EventLogContents contents, ReadEventLog(path));
  if (contents.torn && ::ftruncate(fd.get(), static_cast<off_t>(contents.valid_bytes)) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat(path, ": cannot cut off the torn record"));
  }
  return EventLog(path, std::move(fd), contents.events.size());
}

absl::Status EventLog::Append(v1::TrainerEvent event) {
  event.set_sequence(last_sequence_ + 1);
  event.set_unix_time_ms(UnixTimeMs());
  GANSERVE_RETURN_IF_ERROR(WriteAll(fd_.get(), path_, Record(event)));
  if (::fdatasync(fd_.get()) != 0) return absl::ErrnoToStatus(errno, absl::StrCat(path_, ": cannot sync"));
  ++last_sequence_;
  return absl::OkStatus();
}

absl::StatusOr<EventLogContents> ReadEventLog(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return absl::NotFoundError(absl::StrCat(path, ": cannot open"));
  const std::string bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  EventLogContents contents;
  absl::string_view rest = bytes;
  v1::TrainerEvent event;
  while (const size_t record_bytes = ParseRecord(rest, &event)) {
    if (event.sequence() != contents.events.size() + 1) {
      return absl::DataLossError(absl::StrCat(path, ": event ", event.sequence(), " where ", contents.events.size() + 1,
                                              " was expected, at byte offset ", contents.valid_bytes));
    }
    contents.events.push_back(event);
    contents.valid_bytes += record_bytes;
    rest.remove_prefix(record_bytes);
  }
  contents.torn = !rest.empty();
  return contents;
}

}  // namespace ganserve
