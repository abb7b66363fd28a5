#include "server/kernels/transposed_convolution.h"

#include <algorithm>

#include "server/kernels/column_convolution.h"
#include "server/kernels/direct_convolution.h"
#include "server/kernels/panel_product.h"

namespace ganserve {
namespace {

// Offsets in a batch that is computed at once are 32 bits, and an image of this size is far beyond what is served.
constexpr int64_t kMaxImageFloats = int64_t{1} << 26;

bool IsSupported(const TransposedConvolutionShape& shape) {
  const auto positive = [](const Extent& extent) { return extent.height > 0 && extent.width > 0; };
  const auto not_negative = [](const Extent& extent) { return extent.height >= 0 && extent.width >= 0; };
  if (!HasKernelInstructions() || shape.in_channels <= 0 || shape.out_channels <= 0) return false;
  if (!positive(shape.input) || !positive(shape.kernel) || !positive(shape.stride) || !positive(shape.output())) {
    return false;
  }
  if (!not_negative(shape.padding) || !not_negative(shape.output_padding)) return false;
  const int64_t most_channels = std::max(shape.in_channels, shape.out_channels * shape.kernel.area());
  return std::max(shape.input.area(), shape.output().area()) <= kMaxImageFloats / most_channels;
}

int64_t PaddedTo16(int64_t columns) {
  return static_cast<int64_t>(PanelsFor(static_cast<size_t>(columns)) * kPanelWidth);
}

// How often a tap of the kernel meets an output, in one dimension.
int64_t Meetings(int64_t input, int64_t kernel, int64_t stride, int64_t padding, int64_t output) {
  int64_t count = 0;
  for (int64_t i = 0; i < input; ++i) {
    for (int64_t k = 0; k < kernel; ++k) {
      const int64_t o = i * stride - padding + k;
      count += o >= 0 && o < output;
    }
  }
  return count;
}

// Multiply-adds of each method, per input channel. The direct one skips what falls outside the output but fills up each
// output's channels to a panel; the other fills up all taps' channels together.
bool IsDirectCheaper(const TransposedConvolutionShape& shape) {
  const Extent output = shape.output();
  const int64_t meetings =
      Meetings(shape.input.height, shape.kernel.height, shape.stride.height, shape.padding.height, output.height) *
      Meetings(shape.input.width, shape.kernel.width, shape.stride.width, shape.padding.width, output.width);
  return meetings * PaddedTo16(shape.out_channels) <
         shape.input.area() * PaddedTo16(shape.kernel.area() * shape.out_channels);
}

}  // namespace

Extent TransposedConvolutionShape::output() const {
  return {(input.height - 1) * stride.height - 2 * padding.height + kernel.height + output_padding.height,
          (input.width - 1) * stride.width - 2 * padding.width + kernel.width + output_padding.width};
}

size_t TransposedConvolutionShape::ImagesFor(int64_t rows) const {
  return static_cast<size_t>(std::max<int64_t>(1, rows / input.area()));
}

std::unique_ptr<const TransposedConvolution> TransposedConvolution::Create(const TransposedConvolutionShape& shape,
                                                                           std::span<const float> weight,
                                                                           std::span<const float> bias,
                                                                           Activation activation) {
  if (!IsSupported(shape)) return nullptr;
  if (IsDirectCheaper(shape)) return std::make_unique<DirectConvolution>(shape, weight, bias, activation);
  return std::make_unique<ColumnConvolution>(shape, weight, bias, activation);
}

}  // namespace ganserve
