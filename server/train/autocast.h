// Mixed precision by torch's autocast.
#pragma once

#include <torch/torch.h>

namespace ganserve {

// While it lives, convolutions and matrix products of this thread on such devices take copies of their operands in
// bfloat16, which has float32's range and 8 bits of precision (Kalamkar et al. 2019, arXiv:1905.12322): no loss needs
// scaling. Weights stay float32, and so do their gradients. Not `enabled`, it has them take what they are given, within
// another's life too.
class Autocast {
 public:
  Autocast(const torch::Device& device, bool enabled);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

  // Whether one is in force.
  static bool IsEnabled(const torch::Device& device);

 private:
  const torch::DeviceType type_;
  const bool enabled_before_;
  const at::ScalarType dtype_before_;
  const bool cached_before_;
};

}  // namespace ganserve
