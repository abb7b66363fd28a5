#include "server/train/residual_networks.h"

#include <algorithm>
#include <string>

#include "server/train/network_depth.h"

namespace ganserve {
namespace {

constexpr int kFirstSide = 4;
constexpr int kLastSide = 8;

torch::nn::Conv2d Convolution(int64_t in, int64_t out, int kernel) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel).padding(kernel / 2));
}

torch::Tensor Upsampled(const torch::Tensor& x) {
  return at::upsample_nearest2d(x, std::nullopt, std::vector<double>{2, 2});
}

// Channels of block `block` of `blocks`, of which the last three have `width` and each one before them twice as many.
int UpChannels(const NetworkShape& shape, int block, int blocks) {
  const int factor = 4 << std::max(0, blocks - 3 - block);
  return shape.width * std::min(factor, kMaxWidthFactor);
}

int DownChannels(const NetworkShape& shape, int block) {
  const int factor = 2 << std::max(0, block - 1);
  return shape.width * std::min(factor, kMaxWidthFactor);
}

int HalvingBlocks(const NetworkShape& shape) { return Doublings(kLastSide, shape.image_size); }

}  // namespace

UpBlockImpl::UpBlockImpl(int64_t in, int64_t out)
    : norm1_(register_module("norm1", torch::nn::BatchNorm2d(in))),
      norm2_(register_module("norm2", torch::nn::BatchNorm2d(out))),
      conv1_(register_module("conv1", Convolution(in, out, 3))),
      conv2_(register_module("conv2", Convolution(out, out, 3))),
      shortcut_(register_module("shortcut", Convolution(in, out, 1))) {}

torch::Tensor UpBlockImpl::forward(const torch::Tensor& images) {
  torch::Tensor x = conv1_->forward(Upsampled(norm1_->forward(images).relu_()));
  x = conv2_->forward(norm2_->forward(x).relu_());
  return x + shortcut_->forward(Upsampled(images));
}

void UpBlockImpl::WriteScript(const std::string& name, ScriptWriter& script) const {
  script.Line("skipped = x");
  script.BatchNorm(name + "_norm1", norm1_);
  script.Line("x = torch.relu(x)");
  script.Upsample();
  script.Convolution(name + "_conv1", conv1_);
  script.BatchNorm(name + "_norm2", norm2_);
  script.Line("x = torch.relu(x)");
  script.Convolution(name + "_conv2", conv2_);
  script.Line("added = x");
  script.Line("x = skipped");
  script.Upsample();
  script.Convolution(name + "_shortcut", shortcut_);
  script.Line("x = added + x");
}

ResidualGenerator::ResidualGenerator(const NetworkShape& shape) : GeneratorNetwork(shape) {
  const int blocks = Doublings(kFirstSide, shape.image_size);
  int in = UpChannels(shape, 0, blocks);
  linear_ = register_module("linear", torch::nn::Linear(input_size(), int64_t{in} * kFirstSide * kFirstSide));
  for (int i = 0; i < blocks; ++i) {
    const int out = UpChannels(shape, i, blocks);
    blocks_.push_back(register_module("block" + std::to_string(i), UpBlock(in, out)));
    in = out;
  }
  norm_ = register_module("norm", torch::nn::BatchNorm2d(in));
  last_ = register_module("last", Convolution(in, shape.channels, 3));
}

torch::Tensor ResidualGenerator::forward(const torch::Tensor& z, const torch::Tensor& labels) {
  torch::Tensor x = linear_->forward(Input(z, labels)).view({z.size(0), -1, kFirstSide, kFirstSide});
  for (UpBlock& block : blocks_) x = block->forward(x);
  return torch::tanh(last_->forward(norm_->forward(x).relu_()));
}

void ResidualGenerator::WriteScript(ScriptWriter& script) const {
  WriteInput(script);
  script.Linear("linear", linear_);
  script.Line("x = torch.reshape(x, [x.size(0), -1, 4, 4])");
  static_assert(kFirstSide == 4);
  for (size_t i = 0; i < blocks_.size(); ++i) blocks_[i]->WriteScript("block" + std::to_string(i), script);
  script.BatchNorm("norm", norm_);
  script.Line("x = torch.relu(x)");
  script.Convolution("last", last_);
  script.Line("x = torch.tanh(x)");
}

ResidualDiscriminator::ResidualDiscriminator(const NetworkShape& shape)
    : DiscriminatorNetwork(shape, DownChannels(shape, HalvingBlocks(shape) - 1)) {
  int in = shape.channels;
  for (int i = 0; i < HalvingBlocks(shape) + 2; ++i) {
    const int out = DownChannels(shape, std::min(i, HalvingBlocks(shape) - 1));
    blocks_.push_back(AddBlock(in, out, i < HalvingBlocks(shape)));
    in = out;
  }
}

ResidualDiscriminator::Block ResidualDiscriminator::AddBlock(int64_t in, int64_t out, bool halves) {
  const std::string name = "block" + std::to_string(blocks_.size());
  const auto add_bias = [&](const char* part) { return register_parameter(name + part, torch::zeros({out})); };
  Block block{AddWeight(name + "_conv1", {out, in, 3, 3}),
              AddWeight(name + "_conv2", {out, out, 3, 3}),
              nullptr,
              add_bias("_conv1_bias"),
              add_bias("_conv2_bias"),
              {},
              halves};
  if (halves || in != out) {
    block.shortcut = AddWeight(name + "_shortcut", {out, in, 1, 1});
    block.shortcut_bias = add_bias("_shortcut_bias");
  }
  return block;
}

torch::Tensor ResidualDiscriminator::Forward(const Block& block, const torch::Tensor& x, bool first) {
  torch::Tensor y = torch::conv2d(first ? x : x.relu(), block.conv1->forward(), block.bias1, 1, 1);
  y = torch::conv2d(y.relu(), block.conv2->forward(), block.bias2, 1, 1);
  torch::Tensor beside = x;
  if (!block.shortcut.is_empty()) beside = torch::conv2d(x, block.shortcut->forward(), block.shortcut_bias);
  const torch::Tensor sum = y + beside;
  return block.halves ? at::avg_pool2d(sum, 2) : sum;
}

torch::Tensor ResidualDiscriminator::Features(const torch::Tensor& images) {
  torch::Tensor x = images;
  for (size_t i = 0; i < blocks_.size(); ++i) x = Forward(blocks_[i], x, i == 0);
  return x.relu().sum({2, 3});
}

}  // namespace ganserve
