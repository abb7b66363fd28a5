// Brings an image of any size to the networks' size and channels.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "server/data/image_set.h"

namespace ganserve {

// Appends `image` [channels, height, width] to `out` as `wanted`:
// grey becomes RGB by repetition, RGB becomes grey by Rec. 601 luma; an image that fills at least three quarters of the
// wanted width and height without exceeding them is centred on black (28 x 28 to 32 x 32); any other is resized with an
// antialiasing triangle filter until it just covers the wanted size, and its centre is cut out.
void AppendFitted(std::span<const uint8_t> image, const PlanarShape& shape, const PlanarShape& wanted,
                  std::vector<uint8_t>* out);

}  // namespace ganserve
