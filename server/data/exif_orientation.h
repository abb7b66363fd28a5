// How a camera was held, by the EXIF record of a photograph, and the photograph upright.
#pragma once

#include <cstdint>
#include <span>

#include "server/data/image_set.h"

namespace ganserve {

constexpr int kUpright = 1;

// The orientation tag (0x0112, TIFF 6.0 and Exif 2.3: 1 to 8) in the body of a JPEG's APP1 marker; kUpright when there
// is none or the record makes no sense.
int ExifOrientation(std::span<const uint8_t> marker);

// `image` as it is to be seen.
PlanarImage TurnUpright(PlanarImage image, int orientation);

}  // namespace ganserve
