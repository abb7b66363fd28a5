#include <array>
#include <limits>

#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/data/data_file.h"
#include "server/data/data_formats.h"

namespace ganserve {
namespace {

constexpr uint32_t kMagic = 0x00000803;  // 08: unsigned byte, 03: three dimensions
constexpr uint32_t kMaxSide = 4096;      // pixels; a larger one is a corrupt header
constexpr uint32_t kMaxImages = 1U << 24;

struct Header {
  uint32_t images = 0;
  uint32_t rows = 0;
  uint32_t columns = 0;
};

absl::StatusOr<uint32_t> ReadBigEndian32(DataFile& file) {
  std::array<uint8_t, 4> bytes;
  GANSERVE_RETURN_IF_ERROR(file.Read(bytes));
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | uint32_t{bytes[3]};
}

absl::StatusOr<uint32_t> ReadDimension(DataFile& file, const char* name, uint32_t limit) {
  const uint64_t offset = file.offset();
  GANSERVE_ASSIGN_OR_RETURN(const uint32_t value, ReadBigEndian32(file));
  if (value >= 1 && value <= limit) return value;
  return file.Corrupt(absl::StrFormat("%s is %u, must be 1 to %u,", name, value, limit), offset);
}

absl::StatusOr<Header> ReadHeader(DataFile& file) {
  GANSERVE_ASSIGN_OR_RETURN(const uint32_t magic, ReadBigEndian32(file));
  if (magic != kMagic) {
    return file.Corrupt(absl::StrFormat("not an IDX image file: magic 0x%08x, must be 0x%08x,", magic, kMagic), 0);
  }
  Header header;
  GANSERVE_ASSIGN_OR_RETURN(header.images, ReadDimension(file, "number of images", kMaxImages));
  GANSERVE_ASSIGN_OR_RETURN(header.rows, ReadDimension(file, "number of rows", kMaxSide));
  GANSERVE_ASSIGN_OR_RETURN(header.columns, ReadDimension(file, "number of columns", kMaxSide));
  return header;
}

}  // namespace

absl::Status ReadIdxImages(const std::string& path, const ImageSink& sink) {
  GANSERVE_ASSIGN_OR_RETURN(DataFile file, DataFile::Open(path));
  GANSERVE_ASSIGN_OR_RETURN(const Header header, ReadHeader(file));
  const PlanarShape shape{static_cast<int>(header.columns), static_cast<int>(header.rows), 1};
  std::vector<uint8_t> image(shape.samples());
  for (uint32_t i = 0; i < header.images; ++i) {
    GANSERVE_RETURN_IF_ERROR(file.Read(image));
    sink(image, shape);
  }
  return file.ExpectEnd();
}

}  // namespace ganserve
