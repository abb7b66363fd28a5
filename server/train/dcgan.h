// The two networks, their optimisers and one training step.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "server/train/networks.h"

namespace ganserve {

struct DcganOptions {
  NetworkShape shape;
  double learning_rate = 2e-4;  // Adam's, for both networks; betas are 0.5 and 0.999
  double ema_decay = 0.999;     // of the averaged generator, per step; 0: it is a copy of the trained one
  uint64_t seed = 0;            // of the initial weights
};

// Used by one thread. A step's cost is held down by design: the fake batch is made once and serves both networks, the
// generator's step computes no gradients for the discriminator's weights, and losses stay tensors until they are read.
class Dcgan {
 public:
  explicit Dcgan(const DcganOptions& options);

  // One update of the discriminator, then one of the generator. real [N, C, S, S] in [-1, 1]; z [N, Z].
  void Step(const torch::Tensor& real, const torch::Tensor& z);

  struct Losses {
    double discriminator = 0;
    double generator = 0;
  };
  // Means over the steps since the last call; NaN when there was none.
  Losses TakeLosses();

  // The generator that is shown and exported: an exponential moving average of the trained weights over the steps, with
  // batch norm statistics computed for exactly those weights, in eval mode. `seed` fixes the latents for the
  // statistics.
  DcganGenerator AveragedGenerator(uint64_t seed) const;

  // Everything that the next step depends on. Errors of Load: DATA_LOSS when the file is not such a checkpoint.
  absl::Status Save(const std::string& path) const;
  absl::Status Load(const std::string& path);

  DcganGenerator generator() const { return generator_; }
  DcganDiscriminator discriminator() const { return discriminator_; }

 private:
  void StepDiscriminator(const torch::Tensor& real, const torch::Tensor& fake);
  void StepGenerator(const torch::Tensor& fake);
  void Average();

  const DcganOptions options_;
  DcganGenerator generator_;
  DcganDiscriminator discriminator_;
  DcganGenerator average_;  // weights only; its batch norm statistics are meaningless
  torch::optim::Adam generator_optimizer_;
  torch::optim::Adam discriminator_optimizer_;
  int64_t steps_ = 0;

  // Sums since TakeLosses().
  torch::Tensor discriminator_loss_;
  torch::Tensor generator_loss_;
  int64_t summed_steps_ = 0;
};

// Standard normal latents [count, latent_size] that depend on the arguments alone.
torch::Tensor NormalLatents(uint64_t seed, int64_t count, int64_t latent_size);

}  // namespace ganserve
