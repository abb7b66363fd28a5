// Sequential reading of a data file, gzip or not, with the position that an error message needs.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct gzFile_s;

namespace ganserve {

class DataFile {
 public:
  // Errors: NOT_FOUND and the like from the operating system.
  static absl::StatusOr<DataFile> Open(const std::string& path);

  // Fills `out`. Errors: DATA_LOSS with the file and the byte offset when the file ends too early or its gzip is
  // corrupt; the operating system's when it cannot be read.
  absl::Status Read(std::span<uint8_t> out);

  // The next four bytes, most significant first, with Read's errors.
  absl::StatusOr<uint32_t> ReadBigEndian32();

  // Whether every byte was read. Errors as Read's, DATA_LOSS also when a gzip file's checksum at the end does not hold.
  absl::StatusOr<bool> AtEnd();

  // DATA_LOSS unless AtEnd().
  absl::Status ExpectEnd();

  // DATA_LOSS "<path>: <what> at byte offset <offset>".
  absl::Status Corrupt(absl::string_view what, uint64_t offset) const;

  // Bytes read so far; in a gzip file they count uncompressed.
  uint64_t offset() const { return offset_; }

 private:
  struct Close {
    void operator()(gzFile_s* file) const;
  };
  DataFile(std::string path, gzFile_s* file) : path_(std::move(path)), file_(file) {}

  // OK unless the last operation, just before, could not read the file or found the gzip data corrupt. The offset that
  // it names is one of the compressed file, which zlib reads ahead of what it hands out.
  absl::Status GzipStatus() const;

  std::string path_;
  std::unique_ptr<gzFile_s, Close> file_;
  uint64_t offset_ = 0;
};

}  // namespace ganserve
