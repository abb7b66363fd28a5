// The row filters of PNG (https://www.w3.org/TR/png-3/#9Filters): what deflate sees instead of the pixels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "server/serving/generator.h"

namespace ganserve {

// Chooses a filter for every row and applies it. Reused from image to image, so that nothing is allocated once it has
// seen the largest. One thread at a time.
class PngFilter {
 public:
  // One byte of filter type in front of every row.
  static size_t FilteredBytes(const ImageShape& shape) { return shape.bytes() + static_cast<size_t>(shape.height); }

  // `pixels` is [height, width, channels], of exactly shape.bytes() bytes. Each row gets the filter whose output, read
  // as signed bytes, has the least sum of absolute values (the heuristic of the specification, section 12.7, and of
  // libpng). Returns FilteredBytes(shape) bytes, valid until the next call.
  std::span<const uint8_t> Apply(const ImageShape& shape, std::span<const uint8_t> pixels);

 private:
  std::vector<uint8_t> rows_;        // this row and the one above, each with a pixel of zeros in front
  std::vector<uint8_t> candidates_;  // this row filtered in each of the ways tried
  std::vector<uint8_t> filtered_;
};

}  // namespace ganserve
