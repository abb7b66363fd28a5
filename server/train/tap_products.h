// The 4x4 convolution with stride 2 and padding 1, its transpose and its weight gradient as sums of matrix products on
// plain arrays, float or double.
//
// In memory a map is [height][width][N][channels], so that the images of one position are a matrix, and weights are
// [4][4][fine channels][coarse channels], so that each tap is one. "fine" is the map of twice the size (what a
// convolution reads, what its transpose writes), "coarse" the other. A tap (ky, kx) pairs the coarse position (y, x)
// with the fine one at (2y + ky - 1, 2x + kx - 1), if that lies inside:
//
//   coarse[y, x]   = sum over taps of  fine[.., ..] weights[ky, kx]        (Convolve)
//   fine[.., ..]   = sum over pairs of coarse[y, x] weights[ky, kx]^T      (ConvolveTransposed)
//   weights[ky,kx] = sum over pairs of fine[.., ..]^T coarse[y, x]         (CorrelateTaps)
//
// Only pairs inside are ever multiplied. With padding that is computed, 44 % of the products at a coarse size of 2x2
// would be by zero, 23 % at 4x4 and 12 % at 8x8. Each is linear in either operand, and the derivatives of each by its
// operands are the other two.
//
// All can be divided among threads; what is computed does not depend on how.
#pragma once

#include <cstdint>

namespace ganserve {

inline constexpr int64_t kTaps = 4;  // along one side

struct MapSizes {
  int64_t images;
  int64_t fine_channels;
  int64_t coarse_channels;
  int64_t coarse_height;  // the fine map has twice the height and width
  int64_t coarse_width;
};

// Overwrites coarse positions [first, last) of the coarse_height * coarse_width ones.
template <typename Real>
void Convolve(const MapSizes& sizes, const Real* fine, const Real* weights, int64_t first, int64_t last, Real* coarse);

// Overwrites fine positions [first, last) of four times as many.
template <typename Real>
void ConvolveTransposed(const MapSizes& sizes, const Real* coarse, const Real* weights, int64_t first, int64_t last,
                        Real* fine);

// Overwrites the weights of taps [first, last) of 16.
template <typename Real>
void CorrelateTaps(const MapSizes& sizes, const Real* fine, const Real* coarse, int64_t first, int64_t last,
                   Real* weights);

}  // namespace ganserve
