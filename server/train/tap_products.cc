#include "server/train/tap_products.h"

#include <algorithm>
#include <array>

#include "server/train/matrix_product.h"

namespace ganserve {
namespace {

// Neighbours of one row, [begin, end).
struct Segment {
  int64_t row;
  int64_t begin;
  int64_t end;
};

// Cuts positions [first, last) of a map into segments of its rows. Taps are gone through once a segment: its results
// and a tap's weights together stay in the second-level cache.
template <typename Visit>
void ForSegments(int64_t first, int64_t last, int64_t width, Visit visit) {
  while (first < last) {
    const int64_t row = first / width;
    const int64_t end = std::min(last, (row + 1) * width);
    visit(Segment{row, first - row * width, end - row * width});
    first = end;
  }
}

// Along one side: the coarse positions that a tap pairs with fine ones are [FirstPaired(tap), LastPaired(tap, size)).
int64_t FirstPaired(int64_t tap) { return tap == 0 ? 1 : 0; }
int64_t LastPaired(int64_t tap, int64_t coarse_size) { return tap == kTaps - 1 ? coarse_size - 1 : coarse_size; }

bool IsPaired(int64_t tap, int64_t coarse, int64_t coarse_size) {
  return coarse >= FirstPaired(tap) && coarse < LastPaired(tap, coarse_size);
}

// Where the parts of the three arrays begin.
class Offsets {
 public:
  explicit Offsets(const MapSizes& sizes) : sizes_(sizes) {}

  int64_t Fine(int64_t y, int64_t x) const {
    return (y * 2 * sizes_.coarse_width + x) * sizes_.images * sizes_.fine_channels;
  }
  int64_t Coarse(int64_t y, int64_t x) const {
    return (y * sizes_.coarse_width + x) * sizes_.images * sizes_.coarse_channels;
  }
  int64_t Weights(int64_t ky, int64_t kx) const {
    return (ky * kTaps + kx) * sizes_.fine_channels * sizes_.coarse_channels;
  }

 private:
  const MapSizes& sizes_;
};

}  // namespace

template <typename Real>
void Convolve(const MapSizes& sizes, const Real* fine, const Real* weights, int64_t first, int64_t last, Real* coarse) {
  const Offsets at(sizes);
  const ProductSize size{sizes.images, sizes.fine_channels, sizes.coarse_channels};
  const auto add_tap = [&](int64_t ky, int64_t kx, const Segment& segment) {
    const int64_t begin = std::max(segment.begin, FirstPaired(kx));
    const int64_t end = std::min(segment.end, LastPaired(kx, sizes.coarse_width));
    for (int64_t x = begin; x < end; ++x) {
      // At the upper and left edges the first tap lies outside.
      const bool is_first = ky == (segment.row == 0 ? 1 : 0) && kx == (x == 0 ? 1 : 0);
      Multiply<Real>(size, Transposed::kNone,
                     {fine + at.Fine(2 * segment.row + ky - 1, 2 * x + kx - 1), sizes.fine_channels},
                     {weights + at.Weights(ky, kx), sizes.coarse_channels}, is_first ? Into::kReplace : Into::kAdd,
                     {coarse + at.Coarse(segment.row, x), sizes.coarse_channels});
    }
  };
  ForSegments(first, last, sizes.coarse_width, [&](const Segment& segment) {
    for (int64_t ky = 0; ky < kTaps; ++ky) {
      if (!IsPaired(ky, segment.row, sizes.coarse_height)) continue;
      for (int64_t kx = 0; kx < kTaps; ++kx) add_tap(ky, kx, segment);
    }
  });
}

// Along one side two taps reach a fine position: 1 and 3 an even one, 2 and 0 an odd one. The first of them is always
// paired, the other one not at an edge.
template <typename Real>
void ConvolveTransposed(const MapSizes& sizes, const Real* coarse, const Real* weights, int64_t first, int64_t last,
                        Real* fine) {
  const Offsets at(sizes);
  const ProductSize size{sizes.images, sizes.coarse_channels, sizes.fine_channels};
  const auto add_tap = [&](int64_t ky, int64_t kx, const Segment& segment) {
    const int64_t coarse_y = (segment.row + 1 - ky) / 2;
    const int64_t parity = (kx + 1) % 2;
    for (int64_t x = segment.begin + (segment.begin + parity) % 2; x < segment.end; x += 2) {
      const int64_t coarse_x = (x + 1 - kx) / 2;
      if (!IsPaired(kx, coarse_x, sizes.coarse_width)) continue;
      const bool is_first = (ky == 1 || ky == 2) && (kx == 1 || kx == 2);
      Multiply<Real>(size, Transposed::kRight, {coarse + at.Coarse(coarse_y, coarse_x), sizes.coarse_channels},
                     {weights + at.Weights(ky, kx), sizes.coarse_channels}, is_first ? Into::kReplace : Into::kAdd,
                     {fine + at.Fine(segment.row, x), sizes.fine_channels});
    }
  };
  ForSegments(first, last, 2 * sizes.coarse_width, [&](const Segment& segment) {
    for (const int64_t ky : segment.row % 2 == 0 ? std::array<int64_t, 2>{1, 3} : std::array<int64_t, 2>{2, 0}) {
      if (!IsPaired(ky, (segment.row + 1 - ky) / 2, sizes.coarse_height)) continue;
      for (const int64_t kx : std::array<int64_t, 4>{1, 2, 3, 0}) add_tap(ky, kx, segment);
    }
  });
}

template <typename Real>
void CorrelateTaps(const MapSizes& sizes, const Real* fine, const Real* coarse, int64_t first, int64_t last,
                   Real* weights) {
  const Offsets at(sizes);
  const ProductSize size{sizes.fine_channels, sizes.images, sizes.coarse_channels};
  for (int64_t tap = first; tap < last; ++tap) {
    const int64_t ky = tap / kTaps;
    const int64_t kx = tap % kTaps;
    Into into = Into::kReplace;
    for (int64_t y = FirstPaired(ky); y < LastPaired(ky, sizes.coarse_height); ++y) {
      for (int64_t x = FirstPaired(kx); x < LastPaired(kx, sizes.coarse_width); ++x) {
        Multiply<Real>(size, Transposed::kLeft, {fine + at.Fine(2 * y + ky - 1, 2 * x + kx - 1), sizes.fine_channels},
                       {coarse + at.Coarse(y, x), sizes.coarse_channels}, into,
                       {weights + at.Weights(ky, kx), sizes.coarse_channels});
        into = Into::kAdd;
      }
    }
    // With a coarse map of one row or column some taps pair nothing.
    if (into == Into::kReplace) std::fill_n(weights + at.Weights(ky, kx), size.rows * size.columns, Real{0});
  }
}

#define GANSERVE_INSTANTIATE(Real)                                                                      \
  template void Convolve(const MapSizes&, const Real*, const Real*, int64_t, int64_t, Real*);           \
  template void ConvolveTransposed(const MapSizes&, const Real*, const Real*, int64_t, int64_t, Real*); \
  template void CorrelateTaps(const MapSizes&, const Real*, const Real*, int64_t, int64_t, Real*)
GANSERVE_INSTANTIATE(float);
GANSERVE_INSTANTIATE(double);
#undef GANSERVE_INSTANTIATE

}  // namespace ganserve
