#include "server/train/networks.h"

#include <ATen/CPUGeneratorImpl.h>

#include <cmath>
#include <string>

#include "server/train/autocast.h"
#include "server/train/dcgan_networks.h"
#include "server/train/residual_networks.h"

namespace ganserve {
namespace {

constexpr double kInitStddev = 0.02;
// After so many power iterations the estimate of a spectral norm is good to about a percent.
constexpr int kFirstIterations = 15;

// The length of a class vector: three tenths of what a latent's is about. At the whole length images of a class were
// all alike after 800 steps (recall 0.00); at a tenth FID was a quarter higher after 600.
double ClassLength(const NetworkShape& shape) { return 0.3 * std::sqrt(static_cast<double>(shape.latent_size)); }

}  // namespace

torch::Tensor GeneratorNetwork::Input(const torch::Tensor& z, const torch::Tensor& labels) const {
  const torch::Tensor latents = z.reshape({z.size(0), shape_.latent_size});
  if (shape_.classes == 0) return latents;
  return torch::cat({latents, torch::one_hot(labels, shape_.classes).to(latents.dtype()) * ClassLength(shape_)}, 1);
}

void GeneratorNetwork::WriteInput(ScriptWriter& script) const {
  script.Input(shape_.latent_size, shape_.classes, ClassLength(shape_));
}

DiscriminatorNetwork::DiscriminatorNetwork(const NetworkShape& shape, int64_t features)
    : shape_(shape), head_(AddWeight("head", {1, features})), bias_(register_parameter("bias", torch::zeros({1}))) {
  if (shape.classes > 0) embedding_ = AddWeight("embedding", {shape.classes, features});
}

SpectralWeight DiscriminatorNetwork::AddWeight(const std::string& name, const std::vector<int64_t>& sizes) {
  const bool normalised = shape_.discriminator_norm == DiscriminatorNorm::kSpectral;
  return register_module(name, SpectralWeight(sizes, normalised));
}

torch::Tensor DiscriminatorNetwork::forward(const torch::Tensor& images, const torch::Tensor& labels) {
  const torch::Tensor features = Features(images).to(bias_.dtype());
  const Autocast full_precision(images.device(), false);  // for what losses compare
  const torch::Tensor logits = torch::linear(features, head_->forward(), bias_).squeeze(1);
  if (embedding_.is_empty()) return logits;
  return logits + (features * torch::embedding(embedding_->forward(), labels)).sum(1);
}

std::shared_ptr<GeneratorNetwork> MakeGenerator(const NetworkShape& shape) {
  if (shape.body == NetworkBody::kResidual) return std::make_shared<ResidualGenerator>(shape);
  return std::make_shared<DcganGenerator>(shape);
}

std::shared_ptr<DiscriminatorNetwork> MakeDiscriminator(const NetworkShape& shape) {
  if (shape.body == NetworkBody::kResidual) return std::make_shared<ResidualDiscriminator>(shape);
  return std::make_shared<DcganDiscriminator>(shape);
}

std::vector<torch::nn::BatchNorm2d> BatchNorms(const torch::nn::Module& module) {
  std::vector<torch::nn::BatchNorm2d> norms;
  for (const auto& part : module.modules(/*include_self=*/false)) {
    if (auto norm = std::dynamic_pointer_cast<torch::nn::BatchNorm2dImpl>(part)) norms.emplace_back(norm);
  }
  return norms;
}

void InitializeWeights(torch::nn::Module& module, uint64_t seed) {
  const torch::NoGradGuard no_grad;
  at::Generator random = at::make_generator<at::CPUGeneratorImpl>(seed);
  for (const auto& part : module.modules()) {
    const bool is_norm = part->as<torch::nn::BatchNorm2d>() != nullptr;
    for (auto& parameter : part->named_parameters(/*recurse=*/false)) {
      if (parameter.key().ends_with("bias")) {
        parameter.value().zero_();
      } else {
        parameter.value().normal_(is_norm ? 1.0 : 0.0, kInitStddev, random);
      }
    }
  }
  for (int i = 0; i < kFirstIterations; ++i) IterateSpectralNorms(module);
}

}  // namespace ganserve
