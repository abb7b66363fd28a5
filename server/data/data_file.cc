#include "server/data/data_file.h"

#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/base/status_macros.h"
#include "server/data/big_endian.h"

namespace ganserve {
namespace {

constexpr unsigned kBufferBytes = 256 * 1024;
// gzread takes an unsigned and returns an int.
constexpr size_t kMaxReadBytes = size_t{1} << 30;

}  // namespace

void DataFile::Close::operator()(gzFile_s* file) const { gzclose_r(file); }

absl::StatusOr<DataFile> DataFile::Open(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return absl::ErrnoToStatus(errno, absl::StrCat(path, ": cannot read"));
  if (!S_ISREG(info.st_mode)) return absl::InvalidArgumentError(absl::StrCat(path, ": not a regular file"));
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return absl::ErrnoToStatus(errno, absl::StrCat(path, ": cannot open"));
  gzbuffer(file, kBufferBytes);
  return DataFile(path, file);
}

absl::Status DataFile::GzipStatus() const {
  const int system_error = errno;
  int code = Z_OK;
  const absl::string_view message = gzerror(file_.get(), &code);
  if (code == Z_OK || code == Z_STREAM_END) return absl::OkStatus();
  if (code == Z_ERRNO) return absl::ErrnoToStatus(system_error, absl::StrCat(path_, ": cannot read"));
  return Corrupt(absl::StrCat("corrupt or truncated gzip data, ", absl::StripPrefix(message, path_ + ": "), ","),
                 static_cast<uint64_t>(std::max<z_off_t>(gzoffset(file_.get()), 0)));
}

absl::Status DataFile::Read(std::span<uint8_t> out) {
  size_t done = 0;
  while (done < out.size()) {
    const int got =
        gzread(file_.get(), out.data() + done, static_cast<unsigned>(std::min(out.size() - done, kMaxReadBytes)));
    done += static_cast<size_t>(std::max(got, 0));
    GANSERVE_RETURN_IF_ERROR(GzipStatus());
    if (got <= 0) {
      return Corrupt(
          absl::StrCat("truncated: ", out.size(), " bytes wanted from byte offset ", offset_, ", the file ends"),
          offset_ + done);
    }
  }
  offset_ += done;
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> DataFile::ReadBigEndian32() {
  std::array<uint8_t, 4> bytes;
  GANSERVE_RETURN_IF_ERROR(Read(bytes));
  return BigEndian32(bytes);
}

absl::StatusOr<bool> DataFile::AtEnd() {
  const int next = gzgetc(file_.get());
  if (next >= 0) {
    gzungetc(next, file_.get());
    return false;
  }
  GANSERVE_RETURN_IF_ERROR(GzipStatus());
  return true;
}

absl::Status DataFile::ExpectEnd() {
  GANSERVE_ASSIGN_OR_RETURN(const bool at_end, AtEnd());
  return at_end ? absl::OkStatus() : Corrupt("data beyond the end that the header gives", offset_);
}

absl::Status DataFile::Corrupt(absl::string_view what, uint64_t offset) const {
  return absl::DataLossError(absl::StrCat(path_, ": ", what, " at byte offset ", offset));
}

}  // namespace ganserve
