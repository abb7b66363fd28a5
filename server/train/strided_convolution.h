// The convolutions of a DCGAN for training on a CPU: kernel 4x4, stride 2, padding 1, no bias; the same results as
// torch::conv2d and torch::conv_transpose2d up to rounding, in less time (docs/performance.md). Float32 and float64. On
// another device, and in mixed precision, they are torch's.
//
// Derivatives of any order: convolution, transposed convolution and weight gradient are bilinear, and the derivatives
// of each are the other two. Bits depend on the processor's class, but neither on the run nor, for maps of more than a
// few channels, on the number of threads.
#pragma once

#include <torch/torch.h>

namespace ganserve {

// x [N, C, 2h, 2w], weight [D, C, 4, 4] -> [N, D, h, w].
torch::Tensor StridedConvolution(const torch::Tensor& x, const torch::Tensor& weight);

// x [N, D, h, w], weight [D, C, 4, 4] -> [N, C, 2h, 2w].
torch::Tensor TransposedStridedConvolution(const torch::Tensor& x, const torch::Tensor& weight);

}  // namespace ganserve
