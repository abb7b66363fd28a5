#include "server/train/checksum_trailer.h"

#include <zlib.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace ganserve {
namespace {

constexpr absl::string_view kMark = "GSV1";
constexpr size_t kLengthBytes = 8;
constexpr size_t kChecksumBytes = 4;
constexpr size_t kTrailerBytes = 4 + kLengthBytes + kChecksumBytes;

std::string LittleEndian(uint64_t value, size_t bytes) {
  std::string out;
  for (size_t i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
  return out;
}

std::string Trailer(absl::string_view contents) {
  const std::string length = LittleEndian(contents.size(), kLengthBytes);
  uLong crc = crc32_z(0, reinterpret_cast<const Bytef*>(contents.data()), contents.size());
  crc = crc32_z(crc, reinterpret_cast<const Bytef*>(length.data()), length.size());
  return absl::StrCat(kMark, length, LittleEndian(crc, kChecksumBytes));
}

}  // namespace

std::string WithChecksum(absl::string_view contents) { return absl::StrCat(contents, Trailer(contents)); }

absl::StatusOr<std::string> WithoutChecksum(absl::string_view file) {
  if (file.size() < kTrailerBytes) {
    return absl::DataLossError(
        absl::StrCat("torn: ", file.size(), " bytes are fewer than the ", kTrailerBytes, " of its checksum"));
  }
  const absl::string_view contents = file.substr(0, file.size() - kTrailerBytes);
  if (file.substr(contents.size()) != Trailer(contents)) {
    return absl::DataLossError(absl::StrCat("torn or corrupt: the checksum of its ", file.size(), " bytes is wrong"));
  }
  return std::string(contents);
}

}  // namespace ganserve
