#include "server/train/networks.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <string>

namespace ganserve {
namespace {

constexpr double kLeakyReluSlope = 0.2;
constexpr double kInitStddev = 0.02;
// Caps the deep end of the 128-pixel networks: 32 x the width would be most of the weights for little in return.
constexpr int kMaxWidthFactor = 16;

// Number of stride-2 layers between a 4 x 4 map and the image, less the last: 2 at 32 pixels, 3 at 64, 4 at 128.
int HiddenDoublings(int image_size) {
  int doublings = 0;
  for (int size = 8; size < image_size; size *= 2) ++doublings;
  return doublings;
}

torch::nn::ConvTranspose2d Upsample(int in, int out, int stride, int padding) {
  return torch::nn::ConvTranspose2d(
      torch::nn::ConvTranspose2dOptions(in, out, 4).stride(stride).padding(padding).bias(false));
}

torch::nn::Conv2d Downsample(int in, int out) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 4).stride(2).padding(1).bias(false));
}

}  // namespace

DcganGeneratorImpl::DcganGeneratorImpl(const NetworkShape& shape) : shape_(shape) {
  int in = shape.latent_size;
  for (int level = HiddenDoublings(shape.image_size); level >= 0; --level) {
    const int out = shape.width * std::min(1 << level, kMaxWidthFactor);
    const bool first = convolutions_.empty();
    const std::string index = std::to_string(convolutions_.size());
    convolutions_.push_back(register_module("conv" + index, Upsample(in, out, first ? 1 : 2, first ? 0 : 1)));
    norms_.push_back(register_module("norm" + index, torch::nn::BatchNorm2d(out)));
    in = out;
  }
  const std::string index = std::to_string(convolutions_.size());
  convolutions_.push_back(register_module("conv" + index, Upsample(in, shape.channels, 2, 1)));
}

torch::Tensor DcganGeneratorImpl::forward(const torch::Tensor& z) {
  torch::Tensor x = z.reshape({z.size(0), shape_.latent_size, 1, 1});
  for (size_t i = 0; i < norms_.size(); ++i) {
    x = norms_[i]->forward(convolutions_[i]->forward(x)).relu_();
  }
  return torch::tanh(convolutions_.back()->forward(x));
}

DcganDiscriminatorImpl::DcganDiscriminatorImpl(const NetworkShape& shape) {
  const int layers = HiddenDoublings(shape.image_size) + 2;
  int in = shape.channels;
  for (int i = 0; i < layers; ++i) {
    const int out = shape.width * std::min(1 << i, kMaxWidthFactor);
    convolutions_.push_back(register_module("conv" + std::to_string(i), Downsample(in, out)));
    if (i > 0) norms_.push_back(register_module("norm" + std::to_string(i), torch::nn::BatchNorm2d(out)));
    in = out;
  }
  head_ = register_module("head", torch::nn::Linear(in * 2 * 2, 1));
}

torch::Tensor DcganDiscriminatorImpl::forward(const torch::Tensor& images) {
  torch::Tensor x = at::leaky_relu(convolutions_[0]->forward(images), kLeakyReluSlope);
  for (size_t i = 0; i < norms_.size(); ++i) {
    x = at::leaky_relu(norms_[i]->forward(convolutions_[i + 1]->forward(x)), kLeakyReluSlope);
  }
  return head_->forward(x.flatten(1)).squeeze(1);
}

void InitializeWeights(torch::nn::Module& module, uint64_t seed) {
  torch::NoGradGuard no_grad;
  at::Generator random = at::make_generator<at::CPUGeneratorImpl>(seed);
  for (const auto& part : module.modules(/*include_self=*/false)) {
    const bool is_norm = part->as<torch::nn::BatchNorm2d>() != nullptr;
    for (auto& parameter : part->named_parameters(/*recurse=*/false)) {
      if (parameter.key() == "bias") {
        parameter.value().zero_();
      } else {
        parameter.value().normal_(is_norm ? 1.0 : 0.0, kInitStddev, random);
      }
    }
  }
}

}  // namespace ganserve
