#include "server/train/dcgan_networks.h"

#include <algorithm>
#include <string>

#include "server/train/network_depth.h"
#include "server/train/position_major.h"
#include "server/train/strided_convolution.h"

namespace ganserve {
namespace {

constexpr double kLeakyReluSlope = 0.2;
// Number of stride-2 layers between a 4 x 4 map and the image, less the last: 2 at 32 pixels, 3 at 64, 4 at 128.
int HiddenDoublings(int image_size) { return Doublings(8, image_size); }

torch::nn::ConvTranspose2d Upsample(int64_t in, int64_t out, int stride, int padding) {
  torch::nn::ConvTranspose2d layer(
      torch::nn::ConvTranspose2dOptions(in, out, 4).stride(stride).padding(padding).bias(false));
  MakePositionMajor(layer->weight);
  return layer;
}

// A transposed convolution without padding takes one position to a 4 x 4 map: each of its positions is a product.
// x [N, Z], weight [Z, C, 4, 4] -> [N, C, 4, 4].
torch::Tensor FirstMap(const torch::Tensor& x, const torch::Tensor& weight) {
  const torch::Tensor positions = torch::matmul(x, weight.permute({2, 3, 0, 1}).flatten(0, 1));  // [16, N, C]
  return positions.unflatten(0, {4, 4}).permute({2, 3, 0, 1});
}

int LayerChannels(const NetworkShape& shape, int layer) { return shape.width * std::min(1 << layer, kMaxWidthFactor); }

// Of a discriminator with a 2 x 2 map at its end.
int Layers(const NetworkShape& shape) { return HiddenDoublings(shape.image_size) + 2; }

}  // namespace

DcganGenerator::DcganGenerator(const NetworkShape& shape) : GeneratorNetwork(shape) {
  int64_t in = input_size();
  for (int level = HiddenDoublings(shape.image_size); level >= 0; --level) {
    const int out = LayerChannels(shape, level);
    const bool first = convolutions_.empty();
    const std::string index = std::to_string(convolutions_.size());
    convolutions_.push_back(register_module("conv" + index, Upsample(in, out, first ? 1 : 2, first ? 0 : 1)));
    norms_.push_back(register_module("norm" + index, torch::nn::BatchNorm2d(out)));
    in = out;
  }
  const std::string index = std::to_string(convolutions_.size());
  convolutions_.push_back(register_module("conv" + index, Upsample(in, shape.channels, 2, 1)));
}

torch::Tensor DcganGenerator::forward(const torch::Tensor& z, const torch::Tensor& labels) {
  torch::Tensor x = Input(z, labels);
  for (size_t i = 0; i < norms_.size(); ++i) x = torch::relu(BatchNorm(norms_[i], Convolved(i, x)));
  return torch::tanh(Convolved(norms_.size(), x));
}

// For training the faster way, in evaluation mode the one of the exported script, whose bits are to be the same.
torch::Tensor DcganGenerator::Convolved(size_t layer, const torch::Tensor& x) {
  torch::nn::ConvTranspose2d& convolution = convolutions_[layer];
  if (!is_training()) return convolution->forward(layer == 0 ? x.unsqueeze(2).unsqueeze(3) : x);
  return layer == 0 ? FirstMap(x, convolution->weight) : TransposedStridedConvolution(x, convolution->weight);
}

void DcganGenerator::WriteScript(ScriptWriter& script) const {
  WriteInput(script);
  script.Line("x = torch.reshape(x, [x.size(0), x.size(1), 1, 1])");
  for (size_t i = 0; i < norms_.size(); ++i) {
    script.ConvTranspose("conv" + std::to_string(i), convolutions_[i]);
    script.BatchNorm("norm" + std::to_string(i), norms_[i]);
    script.Line("x = torch.relu(x)");
  }
  script.ConvTranspose("conv" + std::to_string(norms_.size()), convolutions_.back());
  script.Line("x = torch.tanh(x)");
}

DcganDiscriminator::DcganDiscriminator(const NetworkShape& shape)
    : DiscriminatorNetwork(shape, int64_t{LayerChannels(shape, Layers(shape) - 1)} * 2 * 2) {
  const bool batch_norm = shape.discriminator_norm == DiscriminatorNorm::kBatch;
  int in = shape.channels;
  for (int i = 0; i < Layers(shape); ++i) {
    const int out = LayerChannels(shape, i);
    const std::string index = std::to_string(i);
    weights_.push_back(AddWeight("conv" + index, {out, in, 4, 4}));
    MakePositionMajor(weights_.back()->weight());
    if (!batch_norm) biases_.push_back(register_parameter("conv" + index + "_bias", torch::zeros({out})));
    if (batch_norm && i > 0) norms_.push_back(register_module("norm" + index, torch::nn::BatchNorm2d(out)));
    in = out;
  }
}

torch::Tensor DcganDiscriminator::Features(const torch::Tensor& images) {
  torch::Tensor x = images;
  for (size_t i = 0; i < weights_.size(); ++i) {
    x = StridedConvolution(x, weights_[i]->forward());
    if (!biases_.empty()) x = x + biases_[i].view({1, -1, 1, 1});
    if (i > 0 && !norms_.empty()) x = BatchNorm(norms_[i - 1], x);
    x = at::leaky_relu(x, kLeakyReluSlope);
  }
  return x.flatten(1);
}

}  // namespace ganserve
