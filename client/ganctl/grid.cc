#include "client/ganctl/grid.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "absl/strings/str_cat.h"

namespace ganserve::ganctl {
namespace {

// Samples of a picture, so that a grid is at most 1 GiB; libpng's simplified interface ends at 2 GiB.
constexpr uint64_t kMaxSamples = uint64_t{1} << 30;

}  // namespace

GridLayout LayOut(uint32_t images, uint32_t columns) {
  if (columns == 0) columns = static_cast<uint32_t>(std::ceil(std::sqrt(static_cast<double>(images))));
  columns = std::min(columns, images);
  return {columns, (images - 1) / columns + 1};
}

absl::Status Grid::Add(const Pixels& image) {
  if (added_ == 0) {
    if (absl::Status status = Begin(image); !status.ok()) return status;
  }
  if (image.width != width_ || image.height != height_ || image.channels != picture_.channels) {
    return absl::InvalidArgumentError(absl::StrCat("an image of ", image.width, "x", image.height, "x", image.channels,
                                                   " does not fit a grid of ", width_, "x", height_, "x",
                                                   picture_.channels));
  }
  if (added_ == uint64_t{layout_.columns} * layout_.rows) {
    return absl::OutOfRangeError(absl::StrCat("the grid is full with ", added_, " images"));
  }
  const size_t stride = size_t{picture_.width} * picture_.channels;
  const size_t row_bytes = size_t{width_} * image.channels;
  const size_t top = size_t{added_ / layout_.columns} * height_;
  const size_t left = (added_ % layout_.columns) * row_bytes;
  for (size_t y = 0; y < height_; ++y) {
    std::copy_n(image.samples.data() + y * row_bytes, row_bytes, picture_.samples.data() + (top + y) * stride + left);
  }
  ++added_;
  return absl::OkStatus();
}

absl::Status Grid::Begin(const Pixels& first) {
  const uint64_t width = uint64_t{first.width} * layout_.columns;
  const uint64_t height = uint64_t{first.height} * layout_.rows;
  // Each side on its own first, so that the product cannot overflow.
  if (width > kMaxSamples || height > kMaxSamples || width * height > kMaxSamples / 3) {
    return absl::InvalidArgumentError(absl::StrCat("a grid of ", layout_.columns, "x", layout_.rows, " images of ",
                                                   first.width, "x", first.height, " is larger than ", kMaxSamples / 3,
                                                   " pixels"));
  }
  width_ = first.width;
  height_ = first.height;
  picture_.width = static_cast<uint32_t>(width);
  picture_.height = static_cast<uint32_t>(height);
  picture_.channels = first.channels;
  picture_.samples.assign(width * height * first.channels, 0);
  return absl::OkStatus();
}

}  // namespace ganserve::ganctl
