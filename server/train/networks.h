// The reference DCGAN (Radford, Metz, Chintala 2015, arXiv:1511.06434). Layout NCHW, float32.
#pragma once

#include <torch/torch.h>

#include <vector>

#include "server/train/network_shape.h"

namespace ganserve {

// z [N, Z] or [N, Z, 1, 1] -> images [N, C, S, S] in [-1, 1]. At S = 32 and width 64:
// ConvTranspose 256 (kernel 4, stride 1, padding 0) -> 128 (4, 2, 1) -> 64 (4, 2, 1) -> C (4, 2, 1), with batch norm
// and ReLU between and tanh last. Each doubling of S adds one layer in front, at most 16 times the width.
class DcganGeneratorImpl : public torch::nn::Module {
 public:
  explicit DcganGeneratorImpl(const NetworkShape& shape);

  torch::Tensor forward(const torch::Tensor& z);

  const NetworkShape& shape() const { return shape_; }
  const std::vector<torch::nn::ConvTranspose2d>& convolutions() const { return convolutions_; }
  // norms()[i] follows convolutions()[i]; the last convolution has none.
  const std::vector<torch::nn::BatchNorm2d>& norms() const { return norms_; }

 private:
  const NetworkShape shape_;
  std::vector<torch::nn::ConvTranspose2d> convolutions_;
  std::vector<torch::nn::BatchNorm2d> norms_;
};
TORCH_MODULE(DcganGenerator);

// images [N, C, S, S] -> logits [N], positive for "real". At S = 32 and width 64: Conv 64 -> 128 -> 256 -> 512, all (4,
// 2, 1), batch norm on all but the first, LeakyReLU 0.2, and a linear head on the 512 x 2 x 2 features.
class DcganDiscriminatorImpl : public torch::nn::Module {
 public:
  explicit DcganDiscriminatorImpl(const NetworkShape& shape);

  torch::Tensor forward(const torch::Tensor& images);

 private:
  std::vector<torch::nn::Conv2d> convolutions_;
  std::vector<torch::nn::BatchNorm2d> norms_;  // norms_[i] follows convolutions_[i + 1]
  torch::nn::Linear head_{nullptr};
};
TORCH_MODULE(DcganDiscriminator);

// Convolutions and linear weights from N(0, 0.02), batch norm weights from N(1, 0.02), biases 0. The random numbers
// depend on `seed` and the module's layout alone, not on torch's global generator.
void InitializeWeights(torch::nn::Module& module, uint64_t seed);

}  // namespace ganserve
