#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/base/read_file.h"
#include "server/base/status_macros.h"
#include "server/data/data_file.h"
#include "server/data/data_formats.h"

namespace ganserve {
namespace {

constexpr PlanarShape kCifarShape{32, 32, 3};
constexpr size_t kRecordBytes = 1 + 32 * 32 * 3;

}  // namespace

absl::Status ReadCifarImages(const std::string& path, const ImageSink& sink) {
  GANSERVE_ASSIGN_OR_RETURN(DataFile file, DataFile::Open(path));
  std::array<uint8_t, kRecordBytes> record;
  bool at_end = false;
  while (!at_end) {
    const uint64_t start = file.offset();
    GANSERVE_RETURN_IF_ERROR(file.Read(record));
    if (record[0] >= kCifarClasses) {
      return file.Corrupt(absl::StrCat("label is ", record[0], ", must be 0 to ", kCifarClasses - 1, ","), start);
    }
    sink(std::span<const uint8_t>(record).subspan(1), kCifarShape, record[0]);
    GANSERVE_ASSIGN_OR_RETURN(at_end, file.AtEnd());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ReadCifarClassNames(const std::string& folder) {
  const std::string path = absl::StrCat(folder, "/batches.meta.txt");
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (absl::IsNotFound(text.status())) return std::vector<std::string>{};
  GANSERVE_RETURN_IF_ERROR(text.status());
  std::vector<std::string> names;
  for (const absl::string_view line : absl::StrSplit(*text, '\n')) {
    const absl::string_view name = absl::StripAsciiWhitespace(line);
    if (!name.empty()) names.emplace_back(name);
  }
  if (names.size() == kCifarClasses) return names;
  return absl::DataLossError(absl::StrCat(path, ": names ", names.size(), " classes, must be ", kCifarClasses));
}

}  // namespace ganserve
