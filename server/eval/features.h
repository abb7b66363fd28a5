// What a feature extractor says about a set of images, in plain memory.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace ganserve {

// A matrix of float32, row by row: [count, dims], a row for each image.
struct Features {
  size_t dims = 0;
  std::vector<float> values;

  size_t count() const { return dims == 0 ? 0 : values.size() / dims; }
  std::span<const float> row(size_t index) const { return std::span(values).subspan(index * dims, dims); }
  // Rows [first, first + count).
  std::span<const float> rows(size_t first, size_t count) const {
    return std::span(values).subspan(first * dims, count * dims);
  }
};

// The rows whose indices are given, in that order.
inline Features Pick(const Features& features, std::span<const size_t> indices) {
  Features picked{features.dims, {}};
  picked.values.reserve(indices.size() * features.dims);
  for (const size_t index : indices) {
    const std::span<const float> row = features.row(index);
    picked.values.insert(picked.values.end(), row.begin(), row.end());
  }
  return picked;
}

}  // namespace ganserve
