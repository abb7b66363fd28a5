// The two networks, their optimisers and one training step.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/train/adam.h"
#include "server/train/gan_settings.h"
#include "server/train/loss_sums.h"
#include "server/train/networks.h"

namespace ganserve {

// What a step works on, where the Gan computes.
struct GanBatch {
  torch::Tensor real;    // [N, C, S, S] in [-1, 1]
  torch::Tensor labels;  // [N] int64, of the real images and of the generated ones; undefined without classes
  torch::Tensor z;       // [N, Z]
  double learning_rate_factor = 1;  // of this step, beside that of rollbacks
};

// Where a Gan's networks come from.
struct NetworkFactory {
  std::shared_ptr<GeneratorNetwork> (*generator)(const NetworkShape& shape) = &MakeGenerator;
  std::shared_ptr<DiscriminatorNetwork> (*discriminator)(const NetworkShape& shape) = &MakeDiscriminator;
};

// Used by one thread. A step's cost is held down by design: the fake batch is made once and serves both networks, the
// generator's update computes no gradients for the discriminator's weights, and nothing of it is read, so that on a GPU
// the next one is prepared meanwhile.
class Gan {
 public:
  // Trains on `device`. Everything random is drawn on the CPU, so that it is the same on every device.
  explicit Gan(const GanSettings& settings, const torch::Device& device = torch::kCPU,
               const NetworkFactory& networks = {});

  // An update of the discriminator and, in every settings.discriminator_steps-th step, one of the generator.
  void Step(const GanBatch& batch);

  // Whether the losses, gradients and weights of all steps since the start or the last Load are finite. Waits for the
  // device, as TakeLosses() does.
  bool sound() const;

  LossSums::Means TakeLosses() { return sums_.Take(); }

  // The generator that is shown and exported: an exponential moving average of the trained weights over the updates,
  // with batch norm statistics computed for exactly those weights, in eval mode. On the CPU and in float32, whatever it
  // is trained with: what a checkpoint's generator makes depends on the checkpoint alone. `seed` fixes the latents for
  // the statistics.
  std::shared_ptr<GeneratorNetwork> AveragedGenerator(uint64_t seed) const;

  // Sets how often training has been rolled back, and with it the learning rates: each time halves both.
  void SetRollbacks(int rollbacks) { rollbacks_ = rollbacks; }
  int rollbacks() const { return rollbacks_; }
  double rollback_factor() const;

  // What the run keeps beside the networks: part of a checkpoint, and nothing to the Gan itself. Empty at first.
  void SetNotes(const std::string& notes) { notes_ = notes; }
  const std::string& notes() const { return notes_; }

  // Which data it is trained on, as DigestOf says: part of a checkpoint. Empty at first, and of old checkpoints.
  void SetData(const std::string& digest) { data_ = digest; }
  const std::string& data() const { return data_; }

  // Everything that the next step and the next TakeLosses() depend on besides the settings, as bytes; equal states on
  // one device and in one precision have equal bytes. What was trained on one device can go on on another. Errors of
  // Load: DATA_LOSS when they are not a checkpoint of such networks, FAILED_PRECONDITION when they are one of a newer
  // version of ganserve.
  absl::StatusOr<std::string> Save() const;
  absl::Status Load(absl::string_view checkpoint);

  // The classes that a checkpoint's networks are told. Errors as Load's.
  struct Classes {
    int count = 0;
    std::vector<std::string> names;  // [count] or empty
  };
  static absl::StatusOr<Classes> ClassesOf(absl::string_view checkpoint);

  GeneratorNetwork& generator() { return *generator_; }
  DiscriminatorNetwork& discriminator() { return *discriminator_; }

 private:
  // What the discriminator says of a batch, and its gradients with respect to the images where a penalty needs them.
  struct Judgement {
    torch::Tensor real_logits, fake_logits;
    torch::Tensor real_gradients, fake_gradients;
  };

  // A forward pass in the settings' precision; the results are float32.
  torch::Tensor Generated(const torch::Tensor& z, const torch::Tensor& labels);
  torch::Tensor Logits(const torch::Tensor& images, const torch::Tensor& labels);

  // Return a scalar that is finite if the update's losses, gradients and weights all are.
  torch::Tensor StepDiscriminator(const GanBatch& batch, const torch::Tensor& fake);
  torch::Tensor StepGenerator(const GanBatch& batch, const torch::Tensor& fake);
  Judgement Judge(const torch::Tensor& real, const torch::Tensor& fake, const torch::Tensor& labels, bool penalised);
  torch::Tensor Penalty(const Judgement& judgement, const GanBatch& batch, const torch::Tensor& real,
                        const torch::Tensor& fake);
  // As the discriminator sees it; `view` tells several of one step apart.
  torch::Tensor Augmented(const torch::Tensor& images, uint64_t view) const;
  void SetLearningRates(double factor);

  const GanSettings settings_;
  const torch::Device device_;
  const NetworkFactory networks_;
  const std::shared_ptr<GeneratorNetwork> generator_;
  const std::shared_ptr<DiscriminatorNetwork> discriminator_;
  const std::shared_ptr<GeneratorNetwork> average_;  // weights only; its batch norm statistics are meaningless
  Adam generator_optimizer_;
  Adam discriminator_optimizer_;
  int64_t steps_ = 0;
  int64_t generator_updates_ = 0;
  int rollbacks_ = 0;
  torch::Tensor measured_;  // float64 scalar: the sum of what must be finite
  std::string notes_;
  std::string data_;
  LossSums sums_;  // since TakeLosses()
};

}  // namespace ganserve
