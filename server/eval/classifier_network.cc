#include "server/eval/classifier_network.h"

#include "absl/strings/str_cat.h"
#include "server/eval/classifier_training.h"

namespace ganserve {
namespace {

constexpr int64_t kChannels[] = {1, 32, 64, 64};
constexpr size_t kBlocks = std::size(kChannels) - 1;
constexpr double kDropout = 0.3;

}  // namespace

ClassifierNetworkImpl::ClassifierNetworkImpl(int64_t classes) {
  for (size_t i = 0; i < kBlocks; ++i) {
    const auto options = torch::nn::Conv2dOptions(kChannels[i], kChannels[i + 1], 3).padding(1).bias(false);
    blocks_.push_back({register_module(absl::StrCat("convolution", i), torch::nn::Conv2d(options)),
                       register_module(absl::StrCat("norm", i), torch::nn::BatchNorm2d(kChannels[i + 1]))});
  }
  const int64_t side = kClassifierImageSide >> kBlocks;
  hidden_ = register_module("hidden", torch::nn::Linear(kChannels[kBlocks] * side * side, kClassifierFeatures));
  head_ = register_module("head", torch::nn::Linear(kClassifierFeatures, classes));
}

std::pair<torch::Tensor, torch::Tensor> ClassifierNetworkImpl::FeaturesAndLogits(const torch::Tensor& images) {
  torch::Tensor x = images;
  for (Block& block : blocks_) x = torch::max_pool2d(torch::relu(block.norm(block.convolution(x))), 2);
  const torch::Tensor features = torch::relu(hidden_(x.flatten(1)));
  return {features, head_(torch::dropout(features, kDropout, is_training()))};
}

torch::Tensor ClassifierNetworkImpl::forward(const torch::Tensor& images) { return FeaturesAndLogits(images).second; }

}  // namespace ganserve
