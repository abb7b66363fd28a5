// Residual networks as Miyato et al. train them with spectral normalisation (2018, arXiv:1802.05957, appendix B.4).
#pragma once

#include <vector>

#include "server/train/networks.h"

namespace ganserve {

// Doubles the sides: batch norm, ReLU, nearest upsampling, convolution 3x3, batch norm, ReLU, convolution 3x3; beside
// it upsampling and a convolution 1x1. Both are added.
class UpBlockImpl : public torch::nn::Module {
 public:
  UpBlockImpl(int64_t in, int64_t out);

  torch::Tensor forward(const torch::Tensor& images);
  // `name`: under which the block is registered.
  void WriteScript(const std::string& name, ScriptWriter& script) const;

 private:
  torch::nn::BatchNorm2d norm1_, norm2_;
  torch::nn::Conv2d conv1_, conv2_, shortcut_;
};
TORCH_MODULE(UpBlock);

// A linear layer to 4 x 4, blocks that double the sides up to S, batch norm, ReLU, convolution 3x3, tanh. At S = 32 and
// width 64 the three blocks have 256 channels; each doubling of S adds a block in front, of twice the channels, at most
// 16 times the width.
class ResidualGenerator final : public GeneratorNetwork {
 public:
  explicit ResidualGenerator(const NetworkShape& shape);

  torch::Tensor forward(const torch::Tensor& z, const torch::Tensor& labels) override;
  void WriteScript(ScriptWriter& script) const override;

 private:
  torch::nn::Linear linear_{nullptr};
  std::vector<UpBlock> blocks_;
  torch::nn::BatchNorm2d norm_{nullptr};
  torch::nn::Conv2d last_{nullptr};
};

// Blocks of ReLU, convolution 3x3, ReLU, convolution 3x3 and, where the sides are halved or the channels change, a
// convolution 1x1 beside them, halved by averages. They halve the sides to 8 x 8, then two keep them; the features are
// the sums over the positions after a last ReLU. At S = 32 and width 64 all have 128 channels; each doubling of S adds
// a halving block of twice the channels, at most 16 times the width. No batch norm.
class ResidualDiscriminator final : public DiscriminatorNetwork {
 public:
  explicit ResidualDiscriminator(const NetworkShape& shape);

 private:
  struct Block {
    SpectralWeight conv1, conv2, shortcut;  // shortcut is null where nothing changes
    torch::Tensor bias1, bias2, shortcut_bias;
    bool halves;
  };

  Block AddBlock(int64_t in, int64_t out, bool halves);
  torch::Tensor Features(const torch::Tensor& images) override;
  // The first block of all has no ReLU in front: its input is an image.
  static torch::Tensor Forward(const Block& block, const torch::Tensor& x, bool first);

  std::vector<Block> blocks_;
};

}  // namespace ganserve
