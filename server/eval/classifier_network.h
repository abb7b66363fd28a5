// The small classifier whose features this project measures with. Torch headers: only for .cc files of this folder.
#pragma once

#include <torch/torch.h>

#include <utility>
#include <vector>

namespace ganserve {

// Features: the activations before the last layer.
inline constexpr int64_t kClassifierFeatures = 128;

// Convolutions 1 -> 32 -> 64 -> 64 (3x3, batch norm, ReLU, 2x2 maximum), a hidden layer of 128 with ReLU, dropout, and
// logits: 188 thousand weights with ten classes.
class ClassifierNetworkImpl : public torch::nn::Module {
 public:
  explicit ClassifierNetworkImpl(int64_t classes);

  // [N, 1, 32, 32] in [-1, 1] -> logits [N, classes].
  torch::Tensor forward(const torch::Tensor& images);

  // The same, with the features [N, 128] before dropout.
  std::pair<torch::Tensor, torch::Tensor> FeaturesAndLogits(const torch::Tensor& images);

  struct Block {
    torch::nn::Conv2d convolution = nullptr;
    torch::nn::BatchNorm2d norm = nullptr;
  };
  const std::vector<Block>& blocks() const { return blocks_; }
  const torch::nn::Linear& hidden() const { return hidden_; }
  const torch::nn::Linear& head() const { return head_; }

 private:
  std::vector<Block> blocks_;
  torch::nn::Linear hidden_ = nullptr;
  torch::nn::Linear head_ = nullptr;
};
TORCH_MODULE(ClassifierNetwork);

}  // namespace ganserve
