#include "server/train/dcgan.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "server/train/adam_state.h"
#include "server/train/losses.h"
#include "server/train/random_streams.h"

namespace ganserve {
namespace {

// 32 batches of 64: enough that the statistics' own noise is far below a grey level.
constexpr int kNormBatches = 32;
constexpr int64_t kNormBatchSize = 64;

torch::optim::AdamOptions Adam(const AdamSettings& settings) {
  return torch::optim::AdamOptions(settings.learning_rate).betas({settings.beta1, settings.beta2});
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

// The 2-norm of all elements together, a scalar: one fused pass, so that it is cheap enough for every step.
torch::Tensor Norm(const std::vector<torch::Tensor>& tensors) {
  return torch::stack(at::_foreach_norm(tensors, 2)).norm();
}

torch::Tensor GradientNorm(const torch::nn::Module& module) {
  std::vector<torch::Tensor> gradients;
  for (const torch::Tensor& parameter : module.parameters()) gradients.push_back(parameter.grad());
  return Norm(gradients);
}

std::vector<std::vector<int64_t>> Shapes(const torch::nn::Module& module) {
  std::vector<std::vector<int64_t>> shapes;
  for (const torch::Tensor& parameter : module.parameters()) shapes.push_back(parameter.sizes().vec());
  return shapes;
}

void SetLearningRate(double rate, torch::optim::Adam* optimizer) {
  for (auto& group : optimizer->param_groups()) {
    static_cast<torch::optim::AdamOptions&>(group.options()).lr(rate);
  }
}

}  // namespace

DcganOptions OptionsOf(const TrainSettings& settings) {
  return {settings.shape, settings.generator_adam, settings.discriminator_adam, settings.ema_decay, settings.seed};
}

Dcgan::Dcgan(const DcganOptions& options)
    : options_(options),
      generator_(Build<DcganGenerator>(options, RandomPurpose::kGeneratorWeights)),
      discriminator_(Build<DcganDiscriminator>(options, RandomPurpose::kDiscriminatorWeights)),
      average_(DcganGenerator(options.shape)),
      generator_optimizer_(generator_->parameters(), Adam(options.generator_adam)),
      discriminator_optimizer_(discriminator_->parameters(), Adam(options.discriminator_adam)),
      sums_(torch::zeros({6}, torch::kFloat64)) {
  CopyParameters(*generator_, *average_);
  for (auto& parameter : average_->parameters()) parameter.set_requires_grad(false);
}

void Dcgan::Step(const torch::Tensor& real, const torch::Tensor& z) {
  const torch::Tensor fake = generator_->forward(z);
  const Measured discriminator = StepDiscriminator(real, fake.detach());
  const Measured generator = StepGenerator(fake);
  ++steps_;
  ++summed_steps_;
  Measure(discriminator, generator);
  Average();
}

Dcgan::Measured Dcgan::StepDiscriminator(const torch::Tensor& real, const torch::Tensor& fake) {
  discriminator_optimizer_.zero_grad();
  // Two passes: each batch norm sees one kind of image, as in the paper.
  const torch::Tensor real_logits = discriminator_->forward(real);
  const torch::Tensor fake_logits = discriminator_->forward(fake);
  const torch::Tensor loss = DiscriminatorLoss(real_logits, fake_logits);
  loss.backward();
  discriminator_optimizer_.step();
  torch::NoGradGuard no_grad;
  return {loss.detach(), GradientNorm(*discriminator_), real_logits.sigmoid().mean(), fake_logits.sigmoid().mean()};
}

Dcgan::Measured Dcgan::StepGenerator(const torch::Tensor& fake) {
  generator_optimizer_.zero_grad();
  const auto frozen = discriminator_->parameters();
  for (auto& parameter : frozen) parameter.set_requires_grad(false);
  const torch::Tensor loss = GeneratorLoss(discriminator_->forward(fake));
  loss.backward();
  for (auto& parameter : frozen) parameter.set_requires_grad(true);
  generator_optimizer_.step();
  torch::NoGradGuard no_grad;
  return {loss.detach(), GradientNorm(*generator_), {}, {}};
}

// One scalar says whether anything is NaN or infinite: each such value makes the sum so. Squares of weights beyond
// 1e19 overflow too, and count as diverged.
void Dcgan::Measure(const Measured& discriminator, const Measured& generator) {
  torch::NoGradGuard no_grad;
  const torch::Tensor measured =
      torch::stack({discriminator.loss, generator.loss, discriminator.real_score, discriminator.fake_score,
                    discriminator.gradient_norm, generator.gradient_norm})
          .to(torch::kFloat64);
  sums_ += measured;
  const torch::Tensor weights = Norm(generator_->parameters()) + Norm(discriminator_->parameters());
  sound_ = std::isfinite((measured.sum() + weights).item<double>());
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
  const double* sums = sums_.data_ptr<double>();
  const Losses losses{sums[0] / steps, sums[1] / steps, sums[2] / steps,
                      sums[3] / steps, sums[4] / steps, sums[5] / steps};
  sums_.zero_();
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

double Dcgan::learning_rate_factor() const { return std::ldexp(1.0, -rollbacks_); }

void Dcgan::SetRollbacks(int rollbacks) {
  rollbacks_ = rollbacks;
  const double factor = learning_rate_factor();
  SetLearningRate(options_.generator_adam.learning_rate * factor, &generator_optimizer_);
  SetLearningRate(options_.discriminator_adam.learning_rate * factor, &discriminator_optimizer_);
}

absl::StatusOr<std::string> Dcgan::Save() const {
  try {
    torch::serialize::OutputArchive archive;
    const auto add = [&archive](const char* name, const torch::nn::Module& part) {
      torch::serialize::OutputArchive child;
      part.save(child);
      archive.write(name, child);
    };
    const auto add_optimizer = [&archive](const char* name, const torch::optim::Adam& part) {
      torch::serialize::OutputArchive child;
      SaveAdamState(part, child);
      archive.write(name, child);
    };
    add("generator", *generator_);
    add("discriminator", *discriminator_);
    add("average", *average_);
    add_optimizer("generator_optimizer", generator_optimizer_);
    add_optimizer("discriminator_optimizer", discriminator_optimizer_);
    archive.write("steps", torch::IValue(steps_));
    archive.write("rollbacks", torch::IValue(int64_t{rollbacks_}));
    archive.write("summed_steps", torch::IValue(summed_steps_));
    archive.write("sums", sums_, /*is_buffer=*/true);
    std::ostringstream stream;
    archive.save_to(stream);
    return std::move(stream).str();
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat("cannot make a checkpoint: ", error.what()));
  }
}

absl::Status Dcgan::Load(absl::string_view checkpoint) {
  try {
    torch::serialize::InputArchive archive;
    archive.load_from(checkpoint.data(), checkpoint.size());
    const auto take = [&archive](const char* name, torch::nn::Module& part) {
      torch::serialize::InputArchive child;
      archive.read(name, child);
      const auto shapes = Shapes(part);
      part.load(child);  // torch takes tensors of any shape
      if (Shapes(part) != shapes) throw std::invalid_argument("its weights have other shapes");
    };
    const auto take_optimizer = [&archive](const char* name, torch::optim::Adam* part) {
      torch::serialize::InputArchive child;
      archive.read(name, child);
      LoadAdamState(child, part);
    };
    take("generator", *generator_);
    take("discriminator", *discriminator_);
    take("average", *average_);
    take_optimizer("generator_optimizer", &generator_optimizer_);
    take_optimizer("discriminator_optimizer", &discriminator_optimizer_);
    const auto integer = [&archive](const char* name) {
      torch::IValue value;
      archive.read(name, value);
      return value.toInt();
    };
    steps_ = integer("steps");
    summed_steps_ = integer("summed_steps");
    archive.read("sums", sums_, /*is_buffer=*/true);
    SetRollbacks(static_cast<int>(integer("rollbacks")));
    sound_ = true;
    return absl::OkStatus();
  } catch (const std::exception& error) {
    return absl::DataLossError(absl::StrCat("not a checkpoint of this network: ", error.what()));
  }
}

torch::Tensor NormalLatents(uint64_t seed, int64_t count, int64_t latent_size) {
  at::Generator random = at::make_generator<at::CPUGeneratorImpl>(seed);
  return torch::randn({count, latent_size}, random);
}

}  // namespace ganserve
