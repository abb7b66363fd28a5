// The patches under a 4x4 kernel with stride 2 and padding 1 as columns of a matrix (im2col), on plain arrays: for maps
// with few channels, images above all, whose products tap by tap would be too thin.
//
// In memory a map is [height][width][channels][N] and the matrix [4][4][channels][positions][N], where positions are
// those of the coarse map (tap_products.h), row by row.
#pragma once

#include <cstdint>

#include "server/train/tap_products.h"

namespace ganserve {

// Overwrites the matrix; where a patch reaches beyond the map it is 0. Of sizes, coarse_channels is not used.
template <typename Real>
void GatherColumns(const MapSizes& sizes, const Real* fine, Real* columns);

// The transpose: overwrites each place of the map with the sum of what stands for it in the matrix.
template <typename Real>
void ScatterColumns(const MapSizes& sizes, const Real* columns, Real* fine);

}  // namespace ganserve
