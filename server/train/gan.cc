#include "server/train/gan.h"

#include <cmath>

#include "server/device/torch_device.h"
#include "server/train/autocast.h"
#include "server/train/diff_augment.h"
#include "server/train/gradient_penalty.h"
#include "server/train/losses.h"
#include "server/train/network_state.h"
#include "server/train/random_streams.h"
#include "server/train/random_tensors.h"
#include "server/train/weight_average.h"

namespace ganserve {
namespace {

// 32 batches of 64: enough that the statistics' own noise is far below a grey level.
constexpr int kNormBatches = 32;
constexpr int64_t kNormBatchSize = 64;

// The views of a step's images that the discriminator gets, each augmented in its own way.
enum View : uint64_t { kRealView, kFakeView, kGeneratorView, kPairedView, kViews };

template <typename Network>
std::shared_ptr<Network> Initialized(std::shared_ptr<Network> network, const GanSettings& settings,
                                     RandomPurpose purpose, const torch::Device& device) {
  InitializeWeights(*network, DeriveSeed(settings.seed, purpose, 0));
  PlaceNetwork(*network, device, settings.precision);
  return network;
}

// While it lives, backward passes compute no gradients for these weights.
class Frozen {
 public:
  explicit Frozen(const torch::nn::Module& module) : parameters_(module.parameters()) { Set(false); }
  ~Frozen() { Set(true); }
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;

 private:
  void Set(bool requires_grad) {
    for (torch::Tensor& parameter : parameters_) parameter.set_requires_grad(requires_grad);
  }
  std::vector<torch::Tensor> parameters_;
};

// The 2-norm of all weights together, a scalar.
torch::Tensor Norm(const torch::nn::Module& module) {
  const torch::NoGradGuard no_grad;
  return torch::stack(at::_foreach_norm(module.parameters(), 2)).norm();
}

torch::Tensor MeanScore(const torch::Tensor& logits) { return logits.detach().sigmoid().mean(); }

// Each class in turn, from one batch to the next: as it is when no class is asked for, every one is as frequent.
torch::Tensor CyclingLabels(const NetworkShape& shape, int64_t batch) {
  if (shape.classes == 0) return {};
  const int64_t first = batch * kNormBatchSize;
  return torch::arange(first, first + kNormBatchSize, torch::kInt64).remainder(shape.classes);
}

torch::Tensor Twice(const torch::Tensor& labels) {
  return labels.defined() ? torch::cat({labels, labels}) : torch::Tensor();
}

}  // namespace

Gan::Gan(const GanSettings& settings, const torch::Device& device, const NetworkFactory& networks)
    : settings_(settings),
      device_(device),
      networks_(networks),
      generator_(Initialized(networks.generator(settings.shape), settings, RandomPurpose::kGeneratorWeights, device)),
      discriminator_(
          Initialized(networks.discriminator(settings.shape), settings, RandomPurpose::kDiscriminatorWeights, device)),
      average_(networks.generator(settings.shape)),
      generator_optimizer_(generator_->parameters(), settings.generator_adam),
      discriminator_optimizer_(discriminator_->parameters(), settings.discriminator_adam),
      measured_(torch::zeros({}, torch::TensorOptions(device).dtype(torch::kFloat64))),
      sums_(device) {
  if (device.is_cuda()) MakeCudaDeterministic();
  PlaceNetwork(*average_, device, settings.precision);
  CopyParameters(*generator_, *average_);
  for (auto& parameter : average_->parameters()) parameter.set_requires_grad(false);
}

double Gan::rollback_factor() const { return std::ldexp(1.0, -rollbacks_); }

void Gan::SetLearningRates(double factor) {
  factor *= rollback_factor();
  generator_optimizer_.set_learning_rate(settings_.generator_adam.learning_rate * factor);
  discriminator_optimizer_.set_learning_rate(settings_.discriminator_adam.learning_rate * factor);
}

void Gan::Step(const GanBatch& batch) {
  SetLearningRates(batch.learning_rate_factor);
  const bool with_generator = (steps_ + 1) % settings_.discriminator_steps == 0;
  torch::Tensor fake;
  {
    const torch::AutoGradMode gradients(with_generator);
    fake = Generated(batch.z, batch.labels);
  }
  torch::Tensor measured = StepDiscriminator(batch, fake.detach());
  if (with_generator) measured = measured + StepGenerator(batch, fake);
  measured_ += measured;
  ++steps_;
}

// NaN and infinity stay such in a sum. Squares of weights beyond 1e19 overflow too, and count as diverged.
bool Gan::sound() const { return std::isfinite(measured_.item<double>()); }

torch::Tensor Gan::Generated(const torch::Tensor& z, const torch::Tensor& labels) {
  const Autocast mixed(device_, settings_.precision == Precision::kBfloat16);
  return generator_->forward(z, labels).to(z.dtype());
}

torch::Tensor Gan::Logits(const torch::Tensor& images, const torch::Tensor& labels) {
  const Autocast mixed(device_, settings_.precision == Precision::kBfloat16);
  return discriminator_->forward(images, labels);
}

torch::Tensor Gan::Augmented(const torch::Tensor& images, uint64_t view) const {
  const uint64_t seed =
      DeriveSeed(settings_.seed, RandomPurpose::kDiffAugment, static_cast<uint64_t>(steps_) * kViews + view);
  return DiffAugment(images, settings_.diff_augment, seed);
}

// With batch norm in two passes, so that each sees one kind of image, as in the DCGAN paper. Without it one pass over
// both, which is faster.
Gan::Judgement Gan::Judge(const torch::Tensor& real, const torch::Tensor& fake, const torch::Tensor& labels,
                          bool penalised) {
  if (discriminator_->sees_batches()) {
    return {Logits(real, labels), Logits(fake, labels), {}, {}};
  }
  const torch::Tensor images = torch::cat({real, fake}).set_requires_grad(penalised);
  const torch::Tensor logits = Logits(images, Twice(labels));
  const auto halves = logits.chunk(2);
  if (!penalised) return {halves[0], halves[1], {}, {}};
  const auto gradients = ImageGradients(logits, images).chunk(2);
  return {halves[0], halves[1], gradients[0], gradients[1]};
}

torch::Tensor Gan::Penalty(const Judgement& judgement, const GanBatch& batch, const torch::Tensor& real,
                           const torch::Tensor& fake) {
  const PenaltySettings& penalties = settings_.penalties;
  torch::Tensor penalty = torch::zeros({}, real.options());
  if (penalties.r1 > 0) penalty = penalty + penalties.r1 * ZeroPenalty(judgement.real_gradients);
  if (penalties.r2 > 0) penalty = penalty + penalties.r2 * ZeroPenalty(judgement.fake_gradients);
  if (penalties.gradient_penalty > 0) {
    const uint64_t seed = DeriveSeed(settings_.seed, RandomPurpose::kPenaltyPoints, static_cast<uint64_t>(steps_));
    const torch::Tensor points = PointsBetween(real, fake, seed);
    const torch::Tensor gradients = ImageGradients(Logits(points, batch.labels), points);
    penalty = penalty + penalties.gradient_penalty * UnitNormPenalty(gradients);
  }
  return penalty * penalties.every_steps;
}

torch::Tensor Gan::StepDiscriminator(const GanBatch& batch, const torch::Tensor& fake) {
  const PenaltySettings& penalties = settings_.penalties;
  const bool penalised = penalties.any() && steps_ % penalties.every_steps == 0;
  discriminator_optimizer_.ZeroGradients();
  IterateSpectralNorms(*discriminator_);
  const torch::Tensor real_view = Augmented(batch.real, kRealView);
  const torch::Tensor fake_view = Augmented(fake, kFakeView);
  const bool needs_gradients = penalised && (penalties.r1 > 0 || penalties.r2 > 0);
  const Judgement judgement = Judge(real_view, fake_view, batch.labels, needs_gradients);
  const torch::Tensor loss =
      DiscriminatorLoss(settings_.loss, judgement.real_logits, judgement.fake_logits, settings_.label_smoothing);
  (penalised ? loss + Penalty(judgement, batch, real_view, fake_view) : loss).backward();
  const torch::Tensor norm = discriminator_optimizer_.Step();
  sums_.AddDiscriminator(loss.detach(), MeanScore(judgement.real_logits), MeanScore(judgement.fake_logits), norm);
  return loss.detach() + norm + Norm(*discriminator_);
}

torch::Tensor Gan::StepGenerator(const GanBatch& batch, const torch::Tensor& fake) {
  generator_optimizer_.ZeroGradients();
  torch::Tensor loss;
  {
    const Frozen frozen(*discriminator_);
    torch::Tensor real_logits;
    if (PairsImages(settings_.loss)) {
      const torch::NoGradGuard no_grad;
      real_logits = Logits(Augmented(batch.real, kPairedView), batch.labels);
    }
    const torch::Tensor logits = Logits(Augmented(fake, kGeneratorView), batch.labels);
    loss = GeneratorLoss(settings_.loss, logits, real_logits);
    loss.backward();
  }
  const torch::Tensor norm = generator_optimizer_.Step();
  ++generator_updates_;
  sums_.AddGenerator(loss.detach(), norm);
  MoveAverage(average_->parameters(), generator_->parameters(), AverageDecay(settings_.ema_decay, generator_updates_));
  return loss.detach() + norm + Norm(*generator_);
}

std::shared_ptr<GeneratorNetwork> Gan::AveragedGenerator(uint64_t seed) const {
  const torch::NoGradGuard no_grad;
  std::shared_ptr<GeneratorNetwork> result = networks_.generator(settings_.shape);
  CopyParameters(*average_, *result);
  for (torch::nn::BatchNorm2d& norm : BatchNorms(*result)) {
    norm->reset_running_stats();
    norm->options.momentum(std::nullopt);  // cumulative mean over the batches below
  }
  result->train();
  for (uint64_t batch = 0; batch < kNormBatches; ++batch) {
    const uint64_t latents = DeriveSeed(seed, RandomPurpose::kNormLatents, batch);
    result->forward(NormalLatents(latents, kNormBatchSize, settings_.shape.latent_size),
                    CyclingLabels(settings_.shape, static_cast<int64_t>(batch)));
  }
  result->eval();
  return result;
}

}  // namespace ganserve
