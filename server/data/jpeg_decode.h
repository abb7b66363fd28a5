// JPEG files of the data sets.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "server/data/image_set.h"

namespace ganserve {

// Baseline and progressive, grey, RGB and YCbCr; CMYK and YCCK become RGB without a colour profile, (1 - C)(1 - K) and
// so on. Turned upright as the file's EXIF says. The same samples on every machine (JDCT_ISLOW is exact integer
// arithmetic). `name` is the file that the messages name. Errors: DATA_LOSS with the byte offset up to which the file
// was read; what libjpeg only warns of, as a file that ends early, is an error too.
absl::StatusOr<PlanarImage> DecodeJpeg(const std::string& name, std::span<const uint8_t> file);

}  // namespace ganserve
