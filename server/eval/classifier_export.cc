#include "server/eval/classifier_export.h"

#include <torch/script.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/eval/classifier_training.h"

namespace ganserve {
namespace {

constexpr int64_t kVerifiedImages = 16;
constexpr double kTolerance = 1e-3;

// y = g (x - m) / sqrt(v + eps) + b after x = conv(input, W) is conv(input, W s) + b - m s with s = g / sqrt(v + eps)
// for each output channel. In float64, once.
std::pair<torch::Tensor, torch::Tensor> FoldNorm(const ClassifierNetworkImpl::Block& block) {
  const torch::Tensor scale = block.norm->weight.to(torch::kDouble) /
                              (block.norm->running_var.to(torch::kDouble) + block.norm->options.eps()).sqrt();
  const torch::Tensor weight = block.convolution->weight.to(torch::kDouble) * scale.view({-1, 1, 1, 1});
  const torch::Tensor bias = block.norm->bias.to(torch::kDouble) - block.norm->running_mean.to(torch::kDouble) * scale;
  return {weight.to(torch::kFloat).contiguous(), bias.to(torch::kFloat).contiguous()};
}

void RegisterLinear(const std::string& name, const torch::nn::Linear& layer, torch::jit::Module* script) {
  script->register_parameter(name + "_weight", layer->weight.detach().clone(), false);
  script->register_parameter(name + "_bias", layer->bias.detach().clone(), false);
}

torch::jit::Module BuildScript(ClassifierNetwork network) {
  torch::jit::Module script("Classifier");
  std::string source = "def forward(self, images: Tensor) -> Tuple[Tensor, Tensor]:\n    x = images\n";
  for (size_t i = 0; i < network->blocks().size(); ++i) {
    const auto [weight, bias] = FoldNorm(network->blocks()[i]);
    script.register_parameter(absl::StrCat("conv", i, "_weight"), weight, false);
    script.register_parameter(absl::StrCat("conv", i, "_bias"), bias, false);
    absl::StrAppendFormat(&source,
                          "    x = torch.conv2d(x, self.conv%1$d_weight, self.conv%1$d_bias, [1, 1], [1, 1])\n"
                          "    x = torch.max_pool2d(torch.relu(x), [2, 2])\n",
                          i);
  }
  RegisterLinear("hidden", network->hidden(), &script);
  RegisterLinear("head", network->head(), &script);
  source +=
      "    features = torch.relu(torch.linear(torch.flatten(x, 1), self.hidden_weight, self.hidden_bias))\n"
      "    return (features, torch.linear(features, self.head_weight, self.head_bias))\n";
  script.define(source);
  script.eval();
  return script;
}

absl::Status Verify(ClassifierNetwork network, const std::string& path) {
  torch::jit::Module script = torch::jit::load(path);
  const torch::Tensor images = torch::linspace(-1, 1, kVerifiedImages * kClassifierImageSide * kClassifierImageSide)
                                   .view({kVerifiedImages, 1, kClassifierImageSide, kClassifierImageSide});
  const auto [features, logits] = network->FeaturesAndLogits(images);
  const auto answer = script.forward({images}).toTuple();
  if (torch::allclose(answer->elements()[0].toTensor(), features, kTolerance, kTolerance) &&
      torch::allclose(answer->elements()[1].toTensor(), logits, kTolerance, kTolerance)) {
    return absl::OkStatus();
  }
  return absl::InternalError(absl::StrCat(path, ": the exported classifier's values differ from the network's"));
}

}  // namespace

absl::Status ExportClassifier(ClassifierNetwork network, const std::string& path) {
  try {
    const torch::InferenceMode inference;
    network->eval();
    BuildScript(network).save(path);
    return Verify(network, path);
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat(path, ": cannot write the TorchScript file: ", error.what()));
  }
}

}  // namespace ganserve
