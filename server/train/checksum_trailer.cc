#include "server/train/checksum_trailer.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/base/framing.h"

namespace ganserve {
namespace {

constexpr absl::string_view kMark = "GSV1";
constexpr size_t kLengthBytes = 8;
constexpr size_t kChecksumBytes = 4;
constexpr size_t kTrailerBytes = 4 + kLengthBytes + kChecksumBytes;

std::string Trailer(absl::string_view contents) {
  const std::string length = LittleEndian(contents.size(), kLengthBytes);
  return absl::StrCat(kMark, length, LittleEndian(Crc32({contents, length}), kChecksumBytes));
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
