// A two-dimensional transposed convolution with its activation, for inference on a CPU.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "server/kernels/activation.h"

namespace ganserve {

struct Extent {
  int64_t height = 0;
  int64_t width = 0;

  int64_t area() const { return height * width; }
};

// As torch.nn.ConvTranspose2d defines it, with groups and dilation 1.
struct TransposedConvolutionShape {
  int64_t in_channels = 0;
  int64_t out_channels = 0;
  Extent input;
  Extent kernel;
  Extent stride{1, 1};
  Extent padding;
  Extent output_padding;

  // (input - 1) stride - 2 padding + kernel + output_padding.
  Extent output() const;

  // The images whose input positions make about so many rows of a product; at least 1.
  size_t ImagesFor(int64_t rows) const;
};

// Immutable: Run may be called by several threads at once. The bits of an image depend neither on the images beside it
// nor on the processor.
class TransposedConvolution {
 public:
  // Null if this processor lacks the instructions or the shape is not one that is computed here. `weight` is
  // [in_channels, out_channels, kernel height, kernel width], `bias` [out_channels].
  static std::unique_ptr<const TransposedConvolution> Create(const TransposedConvolutionShape& shape,
                                                             std::span<const float> weight, std::span<const float> bias,
                                                             Activation activation);

  virtual ~TransposedConvolution() = default;

  // `input` is [images, input height, input width, in_channels], `output` [images, output height, output width,
  // out_channels], which is written whole.
  virtual void Run(const float* input, int64_t images, float* output) const = 0;
};

}  // namespace ganserve
