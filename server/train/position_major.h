// The memory layout that strided_convolution.h computes in. A map [N, C, H, W] lies as [H][W][N][C] and a weight
// [D, C, 4, 4] as [4][4][C][D]: only strides differ, so any operator of torch takes such tensors, and elementwise ones
// keep the layout. The convolutions' results have it; arguments that have it are not copied.
#pragma once

#include <torch/torch.h>

namespace ganserve {

// The same weight in that layout; what a network's parameters should be from the start, as optimisers keep it.
torch::Tensor PositionMajorWeight(const torch::Tensor& weight);

// What norm->forward(x) is. Torch would copy a position-major map there and back; this has it take the positions for
// images, which makes no difference to statistics over both.
torch::Tensor BatchNorm(torch::nn::BatchNorm2d norm, const torch::Tensor& x);

}  // namespace ganserve
