// PNG files of the data sets and of the sample grids.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "server/data/image_set.h"

namespace ganserve {

// The PNG file image of planar samples, 8 bits, grey or RGB.
absl::StatusOr<std::string> EncodePng(const PlanarShape& shape, std::span<const uint8_t> samples);

// Any type of PNG: 16 bits a sample become 8, transparency is laid over black. `name` is the file that the messages
// name. Errors: DATA_LOSS with the byte offset of the first defect.
absl::StatusOr<PlanarImage> DecodePng(const std::string& name, std::span<const uint8_t> file);

}  // namespace ganserve
