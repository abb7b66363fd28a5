// The Adam optimiser (Kingma, Ba 2014, arXiv:1412.6980) with decoupled weight decay (Loshchilov, Hutter 2017,
// arXiv:1711.05101) and clipping by the gradients' global norm (Pascanu et al. 2013, arXiv:1211.5063).
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "server/train/train_settings.h"

namespace ganserve {

// With g the clipped gradient and t = 1, 2, ... the step:
//   w -= learning_rate weight_decay w
//   m += (1 - beta1) (g - m)
//   v += (1 - beta2) (g^2 - v)
//   w -= learning_rate m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + 1e-8)
// One pass over all weights, by torch's fused kernel. Used by one thread.
class Adam {
 public:
  // The parameters stay the caller's network's; they are float32 and their layout in memory is fixed from now on.
  Adam(std::vector<torch::Tensor> parameters, const AdamSettings& settings);

  // Forgets all gradients, so that the next backward pass writes and does not add.
  void ZeroGradients();

  // One step, for which every parameter must have a gradient. Leaves the clipped gradients in place and returns the
  // 2-norm of all of them together before clipping: a scalar, unread, so that nothing waits for it.
  torch::Tensor Step();

  double learning_rate() const { return settings_.learning_rate; }
  void set_learning_rate(double rate) { settings_.learning_rate = rate; }

  // t, m and v, by the places of the parameters: equal states on one device have equal bytes. Settings are not part of
  // it. Load throws c10::Error when `archive` holds something else, or state of other shapes.
  void Save(torch::serialize::OutputArchive& archive) const;
  void Load(torch::serialize::InputArchive& archive);

 private:
  const std::vector<torch::Tensor> parameters_;
  AdamSettings settings_;
  int64_t steps_ = 0;
  // m and v, each of its parameter's shape and layout.
  std::vector<torch::Tensor> means_;
  std::vector<torch::Tensor> mean_squares_;
};

}  // namespace ganserve
