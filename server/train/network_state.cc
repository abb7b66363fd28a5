#include "server/train/network_state.h"

namespace ganserve {

void CopyTensors(const std::vector<torch::Tensor>& from, const std::vector<torch::Tensor>& to) {
  const torch::NoGradGuard no_grad;
  TORCH_CHECK(from.size() == to.size(), from.size(), " tensors for ", to.size());
  for (size_t i = 0; i < from.size(); ++i) {
    TORCH_CHECK(from[i].sizes() == to[i].sizes(), "a tensor of shape ", from[i].sizes(), " for one of ", to[i].sizes());
    to[i].detach().copy_(from[i]);
  }
}

bool StaysAsMade(const torch::Device& device, Precision precision) {
  return device.is_cpu() && precision == Precision::kFloat32;
}

void PlaceNetwork(torch::nn::Module& network, const torch::Device& device, Precision precision) {
  if (StaysAsMade(device, precision)) return;
  network.to(device);
  for (const torch::Tensor& parameter : network.parameters()) {
    if (parameter.dim() == 4) parameter.set_data(parameter.detach().contiguous(at::MemoryFormat::ChannelsLast));
  }
}

void CopyParameters(const torch::nn::Module& from, torch::nn::Module& to) {
  CopyTensors(from.parameters(), to.parameters());
}

void CopyState(const torch::nn::Module& from, torch::nn::Module& to) {
  CopyParameters(from, to);
  CopyTensors(from.buffers(), to.buffers());
}

}  // namespace ganserve
