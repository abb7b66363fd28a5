// Writes a network's forward pass as TorchScript, layer by layer.
#pragma once

#include <torch/script.h>
#include <torch/torch.h>

#include <string>

namespace ganserve {

// The source of forward(z) or forward(z, labels) and the tensors that it names. `x` is what goes from layer to layer.
// Plain ATen operators and constants, so that the server recognises the chain when it freezes it. Tensors are copies:
// they share no storage with the network.
class ScriptWriter {
 public:
  explicit ScriptWriter(bool takes_labels) : takes_labels_(takes_labels) {}

  // A statement of the body.
  void Line(const std::string& statement);

  // x = z [N, Z], from [N, Z] or [N, Z, 1, 1]; with classes the labels' one-hot vectors times `scale` behind it.
  void Input(int latent_size, int classes, double scale);

  // x = the layer of x; its tensors are named after it.
  void ConvTranspose(const std::string& name, const torch::nn::ConvTranspose2d& layer);
  void Convolution(const std::string& name, const torch::nn::Conv2d& layer);
  void Linear(const std::string& name, const torch::nn::Linear& layer);
  void BatchNorm(const std::string& name, const torch::nn::BatchNorm2d& layer);
  // x = x with both sides doubled, to the nearest.
  void Upsample();

  std::string source() const;

  // The module, in evaluation mode. To be called once.
  torch::jit::Module Build();

 private:
  // The tensor's name in the source.
  std::string AddParameter(const std::string& name, const torch::Tensor& tensor);
  std::string AddBuffer(const std::string& name, const torch::Tensor& tensor);

  const bool takes_labels_;
  std::string body_;
  torch::jit::Module module_{"Generator"};
};

}  // namespace ganserve
