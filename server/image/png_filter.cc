#include "server/image/png_filter.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

// The loops here are written for the compiler to vectorise (this file is compiled with -O3): no branches, no aliasing,
// and samples of the pixel to the left read from the row itself, in front of which lies a pixel of zeros.

namespace ganserve {
namespace {

// A filtered row is the row minus its prediction, byte by byte, modulo 256. `x` is the row, `b` the row above; `left`
// is the distance in bytes to the pixel on the left: the size of a pixel.
using Row = uint8_t* __restrict__;
using ConstRow = const uint8_t* __restrict__;

void FilterSub(ConstRow x, size_t n, size_t left, Row out) {
  for (size_t i = 0; i < n; ++i) out[i] = static_cast<uint8_t>(x[i] - (x - left)[i]);
}

void FilterUp(ConstRow x, ConstRow b, size_t n, Row out) {
  for (size_t i = 0; i < n; ++i) out[i] = static_cast<uint8_t>(x[i] - b[i]);
}

void FilterAverage(ConstRow x, ConstRow b, size_t n, size_t left, Row out) {
  for (size_t i = 0; i < n; ++i) out[i] = static_cast<uint8_t>(x[i] - ((x - left)[i] + b[i]) / 2);
}

// Predicts by whichever of left (a), above (b) and above left (c) is nearest to a + b - c; ties in that order.
void FilterPaeth(ConstRow x, ConstRow above, size_t n, size_t left, Row out) {
  for (size_t i = 0; i < n; ++i) {
    const auto a = static_cast<int16_t>((x - left)[i]);
    const auto b = static_cast<int16_t>(above[i]);
    const auto c = static_cast<int16_t>((above - left)[i]);
    const auto pa = static_cast<int16_t>(std::abs(b - c));
    const auto pb = static_cast<int16_t>(std::abs(a - c));
    const auto pc = static_cast<int16_t>(std::abs(a + b - 2 * c));
    const int16_t b_or_c = pb <= pc ? b : c;
    const int16_t prediction = pa <= std::min(pb, pc) ? a : b_or_c;
    out[i] = static_cast<uint8_t>(x[i] - prediction);
  }
}

// Sum of the bytes' absolute values, read as signed. In blocks whose sum fits 16 bits (128 * 128 < 2^16): narrow lanes.
uint64_t SumOfMagnitudes(ConstRow row, size_t n) {
  uint64_t total = 0;
  for (size_t begin = 0; begin < n; begin += 128) {
    const size_t end = std::min(n, begin + 128);
    uint16_t sum = 0;
    for (size_t i = begin; i < end; ++i) {
      const auto negated = static_cast<uint8_t>(-row[i]);
      sum = static_cast<uint16_t>(sum + std::min(row[i], negated));
    }
    total += sum;
  }
  return total;
}

enum FilterType : uint8_t { kNone, kSub, kUp, kAverage, kPaeth, kFilterTypes };  // as PNG numbers them

}  // namespace

std::span<const uint8_t> PngFilter::Apply(const ImageShape& shape, std::span<const uint8_t> pixels) {
  const auto left = static_cast<size_t>(shape.channels);
  const size_t n = left * static_cast<size_t>(shape.width);
  rows_.assign(2 * (left + n), 0);
  candidates_.resize(kFilterTypes * n);
  filtered_.resize(FilteredBytes(shape));
  uint8_t* above = rows_.data() + left;
  uint8_t* row = above + n + left;
  uint8_t* out = filtered_.data();
  for (size_t begin = 0; begin < pixels.size(); begin += n) {
    std::memcpy(row, &pixels[begin], n);
    const auto candidate = [this, n](FilterType type) { return candidates_.data() + type * n; };
    std::memcpy(candidate(kNone), row, n);
    FilterSub(row, n, left, candidate(kSub));
    FilterUp(row, above, n, candidate(kUp));
    FilterAverage(row, above, n, left, candidate(kAverage));
    FilterPaeth(row, above, n, left, candidate(kPaeth));
    uint8_t best = kNone;
    uint64_t least = SumOfMagnitudes(candidate(kNone), n);
    for (uint8_t type = kSub; type < kFilterTypes; ++type) {
      const uint64_t sum = SumOfMagnitudes(candidates_.data() + type * n, n);
      if (sum < least) {
        least = sum;
        best = type;
      }
    }
    *out++ = best;
    std::memcpy(out, candidates_.data() + best * n, n);
    out += n;
    std::swap(above, row);
  }
  return filtered_;
}

}  // namespace ganserve
