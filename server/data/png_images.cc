#include "server/base/read_file.h"
#include "server/base/status_macros.h"
#include "server/data/data_formats.h"
#include "server/data/png_io.h"

namespace ganserve {

absl::Status ReadPngImage(const std::string& path, const ImageSink& sink) {
  GANSERVE_ASSIGN_OR_RETURN(const std::string file, ReadFile(path));
  const std::span bytes(reinterpret_cast<const uint8_t*>(file.data()), file.size());
  GANSERVE_ASSIGN_OR_RETURN(const PlanarImage image, DecodePng(path, bytes));
  sink(image.samples, image.shape, kNoLabel);
  return absl::OkStatus();
}

}  // namespace ganserve
