#include "server/train/to_device.h"

namespace ganserve {

// CUDA copies from pinned memory while it computes, and torch keeps that memory until it has been read.
torch::Tensor ToDevice(const torch::Tensor& tensor, const torch::Device& device) {
  if (device.is_cuda()) return tensor.pin_memory().to(device, /*non_blocking=*/true);
  return tensor.to(device);
}

}  // namespace ganserve
