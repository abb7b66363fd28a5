#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/train/data_formats.h"
#include "server/train/image_fit.h"
#include "server/train/png_io.h"

namespace ganserve {

absl::Status AppendPngImage(const std::string& path, ImageSet* set) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return absl::NotFoundError(absl::StrCat(path, ": cannot open"));
  const std::vector<uint8_t> file{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  GANSERVE_ASSIGN_OR_RETURN(const PlanarImage image, DecodePng(path, file));
  AppendFitted(image.samples, image.shape, set->shape, &set->samples);
  return absl::OkStatus();
}

}  // namespace ganserve
