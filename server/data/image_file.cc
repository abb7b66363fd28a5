#include "absl/strings/str_cat.h"
#include "server/base/read_file.h"
#include "server/base/status_macros.h"
#include "server/data/data_formats.h"
#include "server/data/jpeg_decode.h"
#include "server/data/png_io.h"

namespace ganserve {
namespace {

// By its first byte, as images under the other format's name are common; the decoders check the rest.
absl::StatusOr<PlanarImage> Decode(const std::string& path, std::span<const uint8_t> bytes) {
  if (bytes.empty()) return absl::DataLossError(absl::StrCat(path, ": empty file at byte offset 0"));
  if (bytes.front() == 0xff) return DecodeJpeg(path, bytes);
  if (bytes.front() == 0x89) return DecodePng(path, bytes);
  return absl::DataLossError(absl::StrCat(path, ": neither a PNG nor a JPEG file: wrong signature at byte offset 0"));
}

}  // namespace

absl::Status ReadImageFile(const std::string& path, const ImageSink& sink) {
  GANSERVE_ASSIGN_OR_RETURN(const std::string file, ReadFile(path));
  const std::span bytes(reinterpret_cast<const uint8_t*>(file.data()), file.size());
  GANSERVE_ASSIGN_OR_RETURN(const PlanarImage image, Decode(path, bytes));
  sink(image.samples, image.shape, kNoLabel);
  return absl::OkStatus();
}

}  // namespace ganserve
