#include <array>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/data/data_file.h"
#include "server/data/data_formats.h"

namespace ganserve {
namespace {

constexpr PlanarShape kCifarShape{32, 32, 3};
constexpr size_t kRecordBytes = 1 + 32 * 32 * 3;
constexpr int kMaxLabel = 9;

}  // namespace

absl::Status ReadCifarImages(const std::string& path, const ImageSink& sink) {
  GANSERVE_ASSIGN_OR_RETURN(DataFile file, DataFile::Open(path));
  std::array<uint8_t, kRecordBytes> record;
  bool at_end = false;
  while (!at_end) {
    const uint64_t start = file.offset();
    GANSERVE_RETURN_IF_ERROR(file.Read(record));
    if (record[0] > kMaxLabel) {
      return file.Corrupt(absl::StrCat("label is ", record[0], ", must be 0 to ", kMaxLabel, ","), start);
    }
    sink(std::span<const uint8_t>(record).subspan(1), kCifarShape);
    GANSERVE_ASSIGN_OR_RETURN(at_end, file.AtEnd());
  }
  return absl::OkStatus();
}

}  // namespace ganserve
