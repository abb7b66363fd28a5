// The transposed convolution as one product and a scatter of its columns.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "server/kernels/aligned_floats.h"
#include "server/kernels/panel_product.h"
#include "server/kernels/transposed_convolution.h"

namespace ganserve {

// For few output channels, and for inputs of one position. The product of every input position with the whole kernel, a
// matrix [in_channels, kernel height x kernel width x out_channels], gives what each position adds to the outputs
// around it; these columns are then added where they belong (col2im in the literature).
class ColumnConvolution final : public TransposedConvolution {
 public:
  ColumnConvolution(const TransposedConvolutionShape& shape, std::span<const float> weight, std::span<const float> bias,
                    Activation activation);

  void Run(const float* input, int64_t images, float* output) const override;

 private:
  void PackWeight(std::span<const float> weight);
  // Adds one image's columns to its output.
  void Scatter(const float* columns, float* output) const;
  void ScatterRow(const float* columns, int64_t ky, float* output_row) const;

  const TransposedConvolutionShape shape_;
  const Activation activation_;
  const std::vector<float> bias_;
  const size_t panels_;  // of kernel height x kernel width x out_channels columns
  const size_t chunk_;   // images computed at once
  std::vector<RowOffsets> rows_;
  AlignedFloats weight_;  // [panel][in_channels][16]
};

}  // namespace ganserve
