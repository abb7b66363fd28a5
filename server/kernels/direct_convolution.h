// The transposed convolution that adds each tap of its kernel straight into the outputs.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "server/kernels/aligned_floats.h"
#include "server/kernels/panel_product.h"
#include "server/kernels/transposed_convolution.h"

namespace ganserve {

// For many output channels. A tap (ky, kx) takes each input position to one output position, or outside; those that it
// takes inside are the rows of a product with the tap's [in_channels, out_channels] matrix. For each panel of 16 output
// channels: bias, all taps in order, activation, while the outputs stay in the cache.
class DirectConvolution final : public TransposedConvolution {
 public:
  DirectConvolution(const TransposedConvolutionShape& shape, std::span<const float> weight, std::span<const float> bias,
                    Activation activation);

  void Run(const float* input, int64_t images, float* output) const override;

 private:
  // The input and output positions that a tap joins, of all images of a chunk, image by image.
  std::vector<RowOffsets> RowsOf(int64_t ky, int64_t kx) const;
  void PackWeight(std::span<const float> weight);
  // `output` has rows of padded_channels_.
  void RunChunk(const float* input, size_t images, float* output) const;

  const TransposedConvolutionShape shape_;
  const Activation activation_;
  const size_t padded_channels_;  // out_channels in whole panels
  const size_t chunk_;            // images computed at once
  std::vector<float> bias_;       // [padded_channels_]
  std::vector<std::vector<RowOffsets>> taps_;
  AlignedFloats weight_;  // [panel][tap][in_channels][16]
};

}  // namespace ganserve
