#include "server/kernels/direct_convolution.h"

#include <algorithm>

namespace ganserve {
namespace {

// Rows that pay for bringing a tap's matrix into the cache, and few enough for their outputs to stay there.
constexpr int64_t kChunkRows = 64;

size_t Size(int64_t value) { return static_cast<size_t>(value); }

}  // namespace

DirectConvolution::DirectConvolution(const TransposedConvolutionShape& shape, std::span<const float> weight,
                                     std::span<const float> bias, Activation activation)
    : shape_(shape),
      activation_(activation),
      padded_channels_(PanelsFor(Size(shape.out_channels)) * kPanelWidth),
      chunk_(shape.ImagesFor(kChunkRows)),
      bias_(bias.begin(), bias.end()) {
  bias_.resize(padded_channels_);
  for (int64_t ky = 0; ky < shape.kernel.height; ++ky) {
    for (int64_t kx = 0; kx < shape.kernel.width; ++kx) taps_.push_back(RowsOf(ky, kx));
  }
  PackWeight(weight);
}

std::vector<RowOffsets> DirectConvolution::RowsOf(int64_t ky, int64_t kx) const {
  const Extent output = shape_.output();
  std::vector<RowOffsets> rows;
  for (size_t image = 0; image < chunk_; ++image) {
    for (int64_t iy = 0; iy < shape_.input.height; ++iy) {
      for (int64_t ix = 0; ix < shape_.input.width; ++ix) {
        const int64_t oy = iy * shape_.stride.height - shape_.padding.height + ky;
        const int64_t ox = ix * shape_.stride.width - shape_.padding.width + kx;
        if (oy < 0 || oy >= output.height || ox < 0 || ox >= output.width) continue;
        const size_t from = image * Size(shape_.input.area()) + Size(iy * shape_.input.width + ix);
        const size_t to = image * Size(output.area()) + Size(oy * output.width + ox);
        rows.push_back(
            {static_cast<uint32_t>(from * Size(shape_.in_channels)), static_cast<uint32_t>(to * padded_channels_)});
      }
    }
  }
  return rows;
}

void DirectConvolution::PackWeight(std::span<const float> weight) {
  const size_t depth = Size(shape_.in_channels);
  const size_t channels = Size(shape_.out_channels);
  weight_ = AlignedFloats(padded_channels_ * taps_.size() * depth);
  float* to = weight_.data();
  for (size_t first = 0; first < padded_channels_; first += kPanelWidth) {
    for (size_t tap = 0; tap < taps_.size(); ++tap) {
      const auto element = [&](size_t k, size_t channel) {
        return weight[(k * channels + channel) * taps_.size() + tap];
      };
      to = PackPanel(depth, channels, first, element, to);
    }
  }
}

void DirectConvolution::RunChunk(const float* input, size_t images, float* output) const {
  const size_t positions = images * Size(shape_.output().area());
  const size_t depth = Size(shape_.in_channels);
  const float* matrix = weight_.data();
  for (size_t first = 0; first < padded_channels_; first += kPanelWidth) {
    float* panel = output + first;
    for (size_t i = 0; i < positions; ++i) {
      std::copy_n(&bias_[first], kPanelWidth, panel + i * padded_channels_);
    }
    for (const std::vector<RowOffsets>& rows : taps_) {
      const auto present = std::span(rows).first(rows.size() / chunk_ * images);
      AddProduct(input, present, matrix, 1, depth, panel);
      matrix += depth * kPanelWidth;
    }
    for (size_t i = 0; i < positions; ++i) Activate(activation_, {panel + i * padded_channels_, kPanelWidth});
  }
}

void DirectConvolution::Run(const float* input, int64_t images, float* output) const {
  const size_t channels = Size(shape_.out_channels);
  const size_t in_floats = Size(shape_.input.area()) * Size(shape_.in_channels);
  const size_t positions = Size(shape_.output().area());
  AlignedFloats padded;
  if (channels != padded_channels_) padded = AlignedFloats(chunk_ * positions * padded_channels_);
  for (size_t image = 0; image < Size(images); image += chunk_) {
    const size_t count = std::min(chunk_, Size(images) - image);
    float* to = output + image * positions * channels;
    RunChunk(input + image * in_floats, count, padded.size() > 0 ? padded.data() : to);
    if (padded.size() == 0) continue;
    for (size_t i = 0; i < count * positions; ++i) {
      std::copy_n(padded.data() + i * padded_channels_, channels, to + i * channels);
    }
  }
}

}  // namespace ganserve
