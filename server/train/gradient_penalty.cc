#include "server/train/gradient_penalty.h"

#include "server/train/random_tensors.h"
#include "server/train/to_device.h"

namespace ganserve {
namespace {

// Keeps the root's slope finite at a gradient of 0.
constexpr double kTiny = 1e-12;

}  // namespace

torch::Tensor ImageGradients(const torch::Tensor& logits, const torch::Tensor& images) {
  return torch::autograd::grad({logits.sum()}, {images}, /*grad_outputs=*/{}, /*retain_graph=*/true,
                               /*create_graph=*/true)
      .front();
}

torch::Tensor UnitNormPenalty(const torch::Tensor& gradients) {
  return ((gradients.flatten(1).square().sum(1) + kTiny).sqrt() - 1).square().mean();
}

torch::Tensor ZeroPenalty(const torch::Tensor& gradients) { return gradients.flatten(1).square().sum(1).mean() / 2; }

torch::Tensor PointsBetween(const torch::Tensor& real, const torch::Tensor& fake, uint64_t seed) {
  const torch::Tensor weight = ToDevice(UniformNumbers(seed, {real.size(0), 1, 1, 1}), real.device()).to(real.dtype());
  return torch::lerp(real, fake, weight).detach().set_requires_grad(true);
}

}  // namespace ganserve
