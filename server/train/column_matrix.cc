#include "server/train/column_matrix.h"

#include <algorithm>

namespace ganserve {
namespace {

// Visits every pair of a fine position and a tap's coarse position in a fixed order: visit(fine, column, paired), with
// the offsets of the N values of one channel, and whether the fine position lies inside the map.
template <typename Visit>
void ForPairs(const MapSizes& sizes, Visit visit) {
  const int64_t height = 2 * sizes.coarse_height;
  const int64_t width = 2 * sizes.coarse_width;
  int64_t column = 0;
  for (int64_t ky = 0; ky < kTaps; ++ky) {
    for (int64_t kx = 0; kx < kTaps; ++kx) {
      for (int64_t channel = 0; channel < sizes.fine_channels; ++channel) {
        for (int64_t coarse_y = 0; coarse_y < sizes.coarse_height; ++coarse_y) {
          const int64_t y = 2 * coarse_y + ky - 1;
          for (int64_t coarse_x = 0; coarse_x < sizes.coarse_width; ++coarse_x, column += sizes.images) {
            const int64_t x = 2 * coarse_x + kx - 1;
            const bool inside = y >= 0 && y < height && x >= 0 && x < width;
            visit(((y * width + x) * sizes.fine_channels + channel) * sizes.images, column, inside);
          }
        }
      }
    }
  }
}

}  // namespace

template <typename Real>
void GatherColumns(const MapSizes& sizes, const Real* fine, Real* columns) {
  ForPairs(sizes, [&](int64_t from, int64_t to, bool inside) {
    if (inside) {
      std::copy_n(fine + from, sizes.images, columns + to);
    } else {
      std::fill_n(columns + to, sizes.images, Real{0});
    }
  });
}

template <typename Real>
void ScatterColumns(const MapSizes& sizes, const Real* columns, Real* fine) {
  std::fill_n(fine, 4 * sizes.coarse_height * sizes.coarse_width * sizes.fine_channels * sizes.images, Real{0});
  ForPairs(sizes, [&](int64_t to, int64_t from, bool inside) {
    if (!inside) return;
    for (int64_t image = 0; image < sizes.images; ++image) fine[to + image] += columns[from + image];
  });
}

template void GatherColumns(const MapSizes&, const float*, float*);
template void GatherColumns(const MapSizes&, const double*, double*);
template void ScatterColumns(const MapSizes&, const float*, float*);
template void ScatterColumns(const MapSizes&, const double*, double*);

}  // namespace ganserve
