#include "server/train/dcgan.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "server/train/losses.h"
#include "server/train/random_streams.h"

namespace ganserve {
namespace {

// 32 batches of 64: enough that the statistics' own noise is far below a grey level.
constexpr int kNormBatches = 32;
constexpr int64_t kNormBatchSize = 64;

torch::optim::AdamOptions Adam(const DcganOptions& options) {
  return torch::optim::AdamOptions(options.learning_rate).betas({0.5, 0.999});
}

template <typename Network>
Network Build(const DcganOptions& options, RandomPurpose purpose) {
  Network network(options.shape);
  InitializeWeights(*network, DeriveSeed(options.seed, purpose, 0));
  return network;
}

void CopyParameters(const torch::nn::Module& from, torch::nn::Module& to) {
  torch::NoGradGuard no_grad;
  const auto source = from.parameters();
  const auto target = to.parameters();
  for (size_t i = 0; i < source.size(); ++i) target[i].detach().copy_(source[i]);
}

}  // namespace

Dcgan::Dcgan(const DcganOptions& options)
    : options_(options),
      generator_(Build<DcganGenerator>(options, RandomPurpose::kGeneratorWeights)),
      discriminator_(Build<DcganDiscriminator>(options, RandomPurpose::kDiscriminatorWeights)),
      average_(DcganGenerator(options.shape)),
      generator_optimizer_(generator_->parameters(), Adam(options)),
      discriminator_optimizer_(discriminator_->parameters(), Adam(options)),
      discriminator_loss_(torch::zeros({})),
      generator_loss_(torch::zeros({})) {
  CopyParameters(*generator_, *average_);
  for (auto& parameter : average_->parameters()) parameter.set_requires_grad(false);
}

void Dcgan::Step(const torch::Tensor& real, const torch::Tensor& z) {
  const torch::Tensor fake = generator_->forward(z);
  StepDiscriminator(real, fake.detach());
  StepGenerator(fake);
  ++steps_;
  ++summed_steps_;
  Average();
}

void Dcgan::StepDiscriminator(const torch::Tensor& real, const torch::Tensor& fake) {
  discriminator_optimizer_.zero_grad();
  // Two passes: each batch norm sees one kind of image, as in the paper.
  const torch::Tensor loss = DiscriminatorLoss(discriminator_->forward(real), discriminator_->forward(fake));
  loss.backward();
  discriminator_optimizer_.step();
  discriminator_loss_ += loss.detach();
}

void Dcgan::StepGenerator(const torch::Tensor& fake) {
  generator_optimizer_.zero_grad();
  const auto frozen = discriminator_->parameters();
  for (auto& parameter : frozen) parameter.set_requires_grad(false);
  const torch::Tensor loss = GeneratorLoss(discriminator_->forward(fake));
  loss.backward();
  for (auto& parameter : frozen) parameter.set_requires_grad(true);
  generator_optimizer_.step();
  generator_loss_ += loss.detach();
}

// average += (1 - decay) * (weights - average). Early on the decay is smaller, so that the initial weights are soon
// forgotten.
void Dcgan::Average() {
  torch::NoGradGuard no_grad;
  const double steps = static_cast<double>(steps_);
  const double decay = std::min(options_.ema_decay, (1 + steps) / (10 + steps));
  const auto trained = generator_->parameters();
  const auto averaged = average_->parameters();
  for (size_t i = 0; i < trained.size(); ++i) averaged[i].detach().lerp_(trained[i], 1 - decay);
}

Dcgan::Losses Dcgan::TakeLosses() {
  const double steps =
      summed_steps_ > 0 ? static_cast<double>(summed_steps_) : std::numeric_limits<double>::quiet_NaN();
  const Losses losses{discriminator_loss_.item<double>() / steps, generator_loss_.item<double>() / steps};
  discriminator_loss_.zero_();
  generator_loss_.zero_();
  summed_steps_ = 0;
  return losses;
}

DcganGenerator Dcgan::AveragedGenerator(uint64_t seed) const {
  torch::NoGradGuard no_grad;
  DcganGenerator result(options_.shape);
  CopyParameters(*average_, *result);
  for (torch::nn::BatchNorm2d norm : result->norms()) {
    norm->reset_running_stats();
    norm->options.momentum(std::nullopt);  // cumulative mean over the batches below
  }
  result->train();
  for (uint64_t batch = 0; batch < kNormBatches; ++batch) {
    result->forward(NormalLatents(DeriveSeed(seed, RandomPurpose::kNormLatents, batch), kNormBatchSize,
                                  options_.shape.latent_size));
  }
  result->eval();
  return result;
}

absl::Status Dcgan::Save(const std::string& path) const {
  try {
    torch::serialize::OutputArchive archive;
    const auto add = [&archive](const char* name, const auto& part) {
      torch::serialize::OutputArchive child;
      part.save(child);
      archive.write(name, child);
    };
    add("generator", *generator_);
    add("discriminator", *discriminator_);
    add("average", *average_);
    add("generator_optimizer", generator_optimizer_);
    add("discriminator_optimizer", discriminator_optimizer_);
    archive.write("steps", torch::IValue(steps_));
    archive.save_to(path);
    return absl::OkStatus();
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat(path, ": cannot write the checkpoint: ", error.what()));
  }
}

absl::Status Dcgan::Load(const std::string& path) {
  try {
    torch::serialize::InputArchive archive;
    archive.load_from(path);
    const auto take = [&archive](const char* name, auto& part) {
      torch::serialize::InputArchive child;
      archive.read(name, child);
      part.load(child);
    };
    take("generator", *generator_);
    take("discriminator", *discriminator_);
    take("average", *average_);
    take("generator_optimizer", generator_optimizer_);
    take("discriminator_optimizer", discriminator_optimizer_);
    torch::IValue steps;
    archive.read("steps", steps);
    steps_ = steps.toInt();
    return absl::OkStatus();
  } catch (const std::exception& error) {
    return absl::DataLossError(absl::StrCat(path, ": not a checkpoint of this network: ", error.what()));
  }
}

torch::Tensor NormalLatents(uint64_t seed, int64_t count, int64_t latent_size) {
  at::Generator random = at::make_generator<at::CPUGeneratorImpl>(seed);
  return torch::randn({count, latent_size}, random);
}

}  // namespace ganserve
