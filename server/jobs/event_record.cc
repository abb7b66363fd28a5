#include "server/jobs/event_record.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "server/base/framing.h"

namespace ganserve {
namespace {

constexpr size_t kLengthBytes = 4;
constexpr size_t kChecksumBytes = 4;
constexpr size_t kHeaderBytes = kLengthBytes + kChecksumBytes;

uint32_t LittleEndian32(absl::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = 4; i > 0; --i) value = value << 8 | static_cast<uint8_t>(bytes[i - 1]);
  return value;
}

}  // namespace

absl::Status CheckSequence(uint64_t sequence, uint64_t due, uint64_t offset, absl::string_view path) {
  if (sequence == due) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat(path, ": event ", sequence, " where ", due, " was expected, at byte offset ", offset));
}

std::string EncodeRecord(const v1::TrainEvent& event) {
  const std::string message = event.SerializeAsString();
  const std::string length = LittleEndian(message.size(), kLengthBytes);
  return absl::StrCat(length, LittleEndian(Crc32({length, message}), kChecksumBytes), message);
}

size_t DecodeRecord(absl::string_view bytes, v1::TrainEvent* event) {
  if (bytes.size() < kHeaderBytes) return 0;
  const size_t length = LittleEndian32(bytes);
  if (length > kMaxEventBytes || bytes.size() - kHeaderBytes < length) return 0;
  const absl::string_view message = bytes.substr(kHeaderBytes, length);
  if (Crc32({bytes.substr(0, kLengthBytes), message}) != LittleEndian32(bytes.substr(kLengthBytes))) return 0;
  if (!event->ParseFromArray(message.data(), static_cast<int>(message.size()))) return 0;
  return kHeaderBytes + length;
}

}  // namespace ganserve
