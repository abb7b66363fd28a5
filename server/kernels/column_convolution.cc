#include "server/kernels/column_convolution.h"

#include <algorithm>

namespace ganserve {
namespace {

// Rows that pay for bringing the matrix into the cache. Their columns must stay there too.
constexpr int64_t kChunkRows = 16;

size_t Size(int64_t value) { return static_cast<size_t>(value); }

void Add(const float* values, int64_t count, float* sums) {
  for (int64_t i = 0; i < count; ++i) sums[i] += values[i];
}

}  // namespace

ColumnConvolution::ColumnConvolution(const TransposedConvolutionShape& shape, std::span<const float> weight,
                                     std::span<const float> bias, Activation activation)
    : shape_(shape),
      activation_(activation),
      bias_(bias.begin(), bias.end()),
      panels_(PanelsFor(Size(shape.kernel.area() * shape.out_channels))),
      chunk_(shape.ImagesFor(kChunkRows)) {
  for (size_t row = 0; row < chunk_ * Size(shape.input.area()); ++row) {
    rows_.push_back(
        {static_cast<uint32_t>(row * Size(shape.in_channels)), static_cast<uint32_t>(row * panels_ * kPanelWidth)});
  }
  PackWeight(weight);
}

void ColumnConvolution::PackWeight(std::span<const float> weight) {
  const size_t depth = Size(shape_.in_channels);
  const size_t channels = Size(shape_.out_channels);
  const size_t taps = Size(shape_.kernel.area());
  weight_ = AlignedFloats(panels_ * depth * kPanelWidth);
  float* to = weight_.data();
  const auto element = [&](size_t k, size_t column) {
    return weight[(k * channels + column % channels) * taps + column / channels];
  };
  for (size_t panel = 0; panel < panels_; ++panel) {
    to = PackPanel(depth, taps * channels, panel * kPanelWidth, element, to);
  }
}

void ColumnConvolution::ScatterRow(const float* columns, int64_t ky, float* output_row) const {
  const int64_t channels = shape_.out_channels;
  const int64_t out_width = shape_.output().width;
  const size_t row_size = panels_ * kPanelWidth;
  // Neighbours share outputs. Taking every n-th position, as far apart as the kernel is wide, never adds to what was
  // stored a moment ago, which the processor would have to wait for.
  const int64_t apart = (shape_.kernel.width + shape_.stride.width - 1) / shape_.stride.width;
  for (int64_t first = 0; first < apart; ++first) {
    for (int64_t ix = first; ix < shape_.input.width; ix += apart) {
      const int64_t ox = ix * shape_.stride.width - shape_.padding.width;
      const int64_t begin = std::max<int64_t>(0, -ox);
      const int64_t end = std::min(shape_.kernel.width, out_width - ox);
      if (begin >= end) continue;
      Add(columns + Size(ix) * row_size + (ky * shape_.kernel.width + begin) * channels, (end - begin) * channels,
          output_row + (ox + begin) * channels);
    }
  }
}

void ColumnConvolution::Scatter(const float* columns, float* output) const {
  const Extent out = shape_.output();
  const size_t row_size = panels_ * kPanelWidth;
  for (int64_t iy = 0; iy < shape_.input.height; ++iy) {
    for (int64_t ky = 0; ky < shape_.kernel.height; ++ky) {
      const int64_t oy = iy * shape_.stride.height - shape_.padding.height + ky;
      if (oy < 0 || oy >= out.height) continue;
      ScatterRow(columns + Size(iy * shape_.input.width) * row_size, ky, output + oy * out.width * shape_.out_channels);
    }
  }
}

void ColumnConvolution::Run(const float* input, int64_t images, float* output) const {
  const size_t in_positions = Size(shape_.input.area());
  const size_t in_floats = in_positions * Size(shape_.in_channels);
  const size_t out_positions = Size(shape_.output().area());
  const size_t out_floats = out_positions * bias_.size();
  const size_t row_size = panels_ * kPanelWidth;
  AlignedFloats columns(chunk_ * in_positions * row_size);
  for (size_t image = 0; image < Size(images); image += chunk_) {
    const size_t count = std::min(chunk_, Size(images) - image);
    const auto rows = std::span(rows_).first(count * in_positions);
    std::fill_n(columns.data(), rows.size() * row_size, 0.0f);
    AddProduct(input + image * in_floats, rows, weight_.data(), panels_, Size(shape_.in_channels), columns.data());
    for (size_t i = 0; i < count; ++i) {
      float* to = output + (image + i) * out_floats;
      for (size_t p = 0; p < out_positions; ++p) std::copy(bias_.begin(), bias_.end(), to + p * bias_.size());
      Scatter(columns.data() + i * in_positions * row_size, to);
      Activate(activation_, {to, out_floats});
    }
  }
}

}  // namespace ganserve
