// Many images of one size as one picture.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "client/ganctl/pixels.h"

namespace ganserve::ganctl {

struct GridLayout {
  uint32_t columns = 0;
  uint32_t rows = 0;
};

// A grid for `images` images (1 or more): with `columns`, or nearly square and at least as wide as high if that is 0.
// Never wider than there are images.
GridLayout LayOut(uint32_t images, uint32_t columns);

// The picture of a grid, filled row by row from the top left. Cells that stay empty are black.
class Grid {
 public:
  explicit Grid(GridLayout layout) : layout_(layout) {}

  // The next image. INVALID_ARGUMENT if it is not of the first one's size, or the picture would be too large for
  // libpng; OUT_OF_RANGE if the grid is full.
  absl::Status Add(const Pixels& image);

  const Pixels& picture() const { return picture_; }

 private:
  absl::Status Begin(const Pixels& first);

  const GridLayout layout_;
  // The size of one image, from the first.
  uint32_t width_ = 0;
  uint32_t height_ = 0;
  uint32_t added_ = 0;
  Pixels picture_;
};

}  // namespace ganserve::ganctl
