// From the CPU, where data is read and everything random is drawn, to the device that trains.
#pragma once

#include <torch/torch.h>

namespace ganserve {

// The tensor, which is on the CPU, on the device. Does not wait for what the device is doing.
torch::Tensor ToDevice(const torch::Tensor& tensor, const torch::Device& device);

}  // namespace ganserve
