// The two networks, their optimisers and one training step.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/train/networks.h"
#include "server/train/train_settings.h"

namespace ganserve {

struct DcganOptions {
  NetworkShape shape;
  AdamSettings generator_adam;
  AdamSettings discriminator_adam;
  double ema_decay = 0.999;  // of the averaged generator, per step; 0: it is a copy of the trained one
  uint64_t seed = 0;         // of the initial weights
};

DcganOptions OptionsOf(const TrainSettings& settings);

// Used by one thread. A step's cost is held down by design: the fake batch is made once and serves both networks, the
// generator's step computes no gradients for the discriminator's weights, and losses stay tensors until they are read.
class Dcgan {
 public:
  explicit Dcgan(const DcganOptions& options);

  // One update of the discriminator, then one of the generator. real [N, C, S, S] in [-1, 1]; z [N, Z].
  void Step(const torch::Tensor& real, const torch::Tensor& z);

  // Whether the losses, gradients and weights of the last step are all finite.
  bool sound() const { return sound_; }

  struct Losses {
    double discriminator = 0;
    double generator = 0;
    double real_score = 0;  // mean D(x), a probability
    double fake_score = 0;  // mean D(G(z)) in the discriminator's step
    double discriminator_gradient_norm = 0;
    double generator_gradient_norm = 0;
  };
  // Means over the steps since the last call; NaN when there was none.
  Losses TakeLosses();

  // The generator that is shown and exported: an exponential moving average of the trained weights over the steps, with
  // batch norm statistics computed for exactly those weights, in eval mode. `seed` fixes the latents for the
  // statistics.
  DcganGenerator AveragedGenerator(uint64_t seed) const;

  // Sets how often training has been rolled back, and with it the learning rates: each time halves both.
  void SetRollbacks(int rollbacks);
  int rollbacks() const { return rollbacks_; }
  double learning_rate_factor() const;

  // Everything that the next step and the next TakeLosses() depend on besides the options, as bytes; equal states have
  // equal bytes. Errors of Load: DATA_LOSS when they are not a checkpoint of such networks.
  absl::StatusOr<std::string> Save() const;
  absl::Status Load(absl::string_view checkpoint);

  DcganGenerator generator() const { return generator_; }
  DcganDiscriminator discriminator() const { return discriminator_; }

 private:
  // What one step measures, each a scalar.
  struct Measured {
    torch::Tensor loss;
    torch::Tensor gradient_norm;
    torch::Tensor real_score;
    torch::Tensor fake_score;
  };
  Measured StepDiscriminator(const torch::Tensor& real, const torch::Tensor& fake);
  Measured StepGenerator(const torch::Tensor& fake);
  void Measure(const Measured& discriminator, const Measured& generator);
  void Average();

  const DcganOptions options_;
  DcganGenerator generator_;
  DcganDiscriminator discriminator_;
  DcganGenerator average_;  // weights only; its batch norm statistics are meaningless
  torch::optim::Adam generator_optimizer_;
  torch::optim::Adam discriminator_optimizer_;
  int64_t steps_ = 0;

  int rollbacks_ = 0;
  bool sound_ = true;

  torch::Tensor sums_;  // since TakeLosses(): float64 [6], in the order of Losses
  int64_t summed_steps_ = 0;
};

// Standard normal latents [count, latent_size] that depend on the arguments alone.
torch::Tensor NormalLatents(uint64_t seed, int64_t count, int64_t latent_size);

}  // namespace ganserve
