#include "server/train/position_major.h"

namespace ganserve {

torch::Tensor PositionMajorWeight(const torch::Tensor& weight) {
  return weight.permute({2, 3, 1, 0}).contiguous().permute({3, 2, 0, 1});
}

torch::Tensor BatchNorm(torch::nn::BatchNorm2d norm, const torch::Tensor& x) {
  const torch::Tensor positions = x.permute({2, 3, 0, 1});
  if (!positions.is_contiguous()) return norm->forward(x);
  // [H W, C, 1, N], channels-last in torch's terms.
  const torch::Tensor result = norm->forward(positions.flatten(0, 1).transpose(1, 2).unsqueeze(2));
  return result.squeeze(2).transpose(1, 2).unflatten(0, {x.size(2), x.size(3)}).permute({2, 3, 0, 1});
}

}  // namespace ganserve
