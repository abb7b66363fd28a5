#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "server/base/status_macros.h"
#include "server/data/data_file.h"
#include "server/data/data_formats.h"

namespace ganserve {
namespace {

// 08: unsigned byte; 03, 01: number of dimensions.
constexpr uint32_t kImagesMagic = 0x00000803;
constexpr uint32_t kLabelsMagic = 0x00000801;
constexpr uint32_t kMaxSide = 4096;  // pixels; a larger one is a corrupt header
constexpr uint32_t kMaxImages = 1U << 24;

struct Header {
  uint32_t images = 0;
  uint32_t rows = 0;
  uint32_t columns = 0;
};

absl::Status ExpectMagic(DataFile& file, uint32_t wanted, const char* what) {
  GANSERVE_ASSIGN_OR_RETURN(const uint32_t magic, file.ReadBigEndian32());
  if (magic == wanted) return absl::OkStatus();
  return file.Corrupt(absl::StrFormat("not an IDX %s file: magic 0x%08x, must be 0x%08x,", what, magic, wanted), 0);
}

absl::StatusOr<uint32_t> ReadDimension(DataFile& file, const char* name, uint32_t limit) {
  const uint64_t offset = file.offset();
  GANSERVE_ASSIGN_OR_RETURN(const uint32_t value, file.ReadBigEndian32());
  if (value >= 1 && value <= limit) return value;
  return file.Corrupt(absl::StrFormat("%s is %u, must be 1 to %u,", name, value, limit), offset);
}

absl::StatusOr<Header> ReadHeader(DataFile& file) {
  GANSERVE_RETURN_IF_ERROR(ExpectMagic(file, kImagesMagic, "image"));
  Header header;
  GANSERVE_ASSIGN_OR_RETURN(header.images, ReadDimension(file, "number of images", kMaxImages));
  GANSERVE_ASSIGN_OR_RETURN(header.rows, ReadDimension(file, "number of rows", kMaxSide));
  GANSERVE_ASSIGN_OR_RETURN(header.columns, ReadDimension(file, "number of columns", kMaxSide));
  return header;
}

// The file of labels that belongs to a file of images; empty when there is none.
std::string LabelsPath(const std::string& images_path) {
  const std::filesystem::path path(images_path);
  std::string name = absl::StrReplaceAll(path.filename().string(), {{"images-idx3", "labels-idx1"}, {".gz", ""}});
  if (name == path.filename()) return "";
  for (const char* suffix : {"", ".gz"}) {
    const auto candidate = path.parent_path() / absl::StrCat(name, suffix);
    if (std::error_code error; std::filesystem::exists(candidate, error)) return candidate.string();
  }
  return "";
}

absl::StatusOr<std::vector<uint8_t>> ReadLabels(const std::string& path, uint32_t images) {
  GANSERVE_ASSIGN_OR_RETURN(DataFile file, DataFile::Open(path));
  GANSERVE_RETURN_IF_ERROR(ExpectMagic(file, kLabelsMagic, "label"));
  const uint64_t offset = file.offset();
  GANSERVE_ASSIGN_OR_RETURN(const uint32_t count, file.ReadBigEndian32());
  if (count != images) {
    return file.Corrupt(absl::StrFormat("number of labels is %u, must be that of the images, %u,", count, images),
                        offset);
  }
  std::vector<uint8_t> labels(count);
  GANSERVE_RETURN_IF_ERROR(file.Read(labels));
  GANSERVE_RETURN_IF_ERROR(file.ExpectEnd());
  return labels;
}

}  // namespace

absl::Status ReadIdxImages(const std::string& path, const ImageSink& sink) {
  GANSERVE_ASSIGN_OR_RETURN(DataFile file, DataFile::Open(path));
  GANSERVE_ASSIGN_OR_RETURN(const Header header, ReadHeader(file));
  std::vector<uint8_t> labels;
  if (const std::string labels_path = LabelsPath(path); !labels_path.empty()) {
    GANSERVE_ASSIGN_OR_RETURN(labels, ReadLabels(labels_path, header.images));
  }
  const PlanarShape shape{static_cast<int>(header.columns), static_cast<int>(header.rows), 1};
  std::vector<uint8_t> image(shape.samples());
  for (uint32_t i = 0; i < header.images; ++i) {
    GANSERVE_RETURN_IF_ERROR(file.Read(image));
    sink(image, shape, labels.empty() ? kNoLabel : labels[i]);
  }
  return file.ExpectEnd();
}

}  // namespace ganserve
