// The reference DCGAN (Radford, Metz, Chintala 2015, arXiv:1511.06434).
#pragma once

#include <vector>

#include "server/train/networks.h"

namespace ganserve {

// At S = 32 and width 64: ConvTranspose 256 (kernel 4, stride 1, padding 0) -> 128 (4, 2, 1) -> 64 (4, 2, 1) -> C (4,
// 2, 1), with batch norm and ReLU between and tanh last. Each doubling of S adds one layer in front, at most 16 times
// the width.
class DcganGenerator final : public GeneratorNetwork {
 public:
  explicit DcganGenerator(const NetworkShape& shape);

  torch::Tensor forward(const torch::Tensor& z, const torch::Tensor& labels) override;
  void WriteScript(ScriptWriter& script) const override;

 private:
  torch::Tensor Convolved(size_t layer, const torch::Tensor& x);

  std::vector<torch::nn::ConvTranspose2d> convolutions_;
  std::vector<torch::nn::BatchNorm2d> norms_;  // norms_[i] follows convolutions_[i]; the last has none
};

// At S = 32 and width 64: Conv 64 -> 128 -> 256 -> 512, all (4, 2, 1), batch norm (if so wanted) on all but the first,
// LeakyReLU 0.2; the features are the 512 x 2 x 2 outputs. Layers without batch norm have biases, except the first
// beside those with.
class DcganDiscriminator final : public DiscriminatorNetwork {
 public:
  explicit DcganDiscriminator(const NetworkShape& shape);

 private:
  torch::Tensor Features(const torch::Tensor& images) override;

  std::vector<SpectralWeight> weights_;
  std::vector<torch::Tensor> biases_;          // of every layer, or none
  std::vector<torch::nn::BatchNorm2d> norms_;  // norms_[i] follows weights_[i + 1], or none
};

}  // namespace ganserve
