// A weight of the discriminator that can be held to spectral norm 1 (Miyato et al. 2018, arXiv:1802.05957).
#pragma once

#include <torch/torch.h>

#include <vector>

namespace ganserve {

// The parameter W of shape [out, ...], seen as a matrix [out, rest]. If it is normalised, forward() is W / sigma with
// sigma = u^T W v, an estimate of W's largest singular value from unit vectors u and v, which count as constants when
// gradients are taken. u and v are buffers, and so part of what the module saves.
class SpectralWeightImpl : public torch::nn::Module {
 public:
  SpectralWeightImpl(const std::vector<int64_t>& sizes, bool normalised);

  torch::Tensor forward() const;

  // One power iteration: v = W^T u / |W^T u|, then u = W v / |W v|. Before it, forward() uses the u and v that there
  // are.
  void Iterate();

  const torch::Tensor& weight() const { return weight_; }

 private:
  torch::Tensor Matrix() const { return weight_.flatten(1); }

  const bool normalised_;
  torch::Tensor weight_;
  torch::Tensor u_;  // [out]
  torch::Tensor v_;  // [rest]
};
TORCH_MODULE(SpectralWeight);

// Iterate() of every such weight in `module`.
void IterateSpectralNorms(torch::nn::Module& module);

}  // namespace ganserve
