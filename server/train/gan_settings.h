// How a generator and its discriminator are trained: what fixes each step. Sources and ranges stand at the fields of
// TrainSpec in training.proto.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/train/network_shape.h"

namespace ganserve {

// The Adam optimiser of one network.
struct AdamSettings {
  double learning_rate = 2e-4;
  double beta1 = 0.5;
  double beta2 = 0.999;
  double weight_decay = 0;       // decoupled: a step also multiplies each weight by 1 - learning_rate * weight_decay
  double max_gradient_norm = 0;  // a longer gradient, over all weights together, is shortened to this; 0: it never is

  bool operator==(const AdamSettings&) const = default;
};

// What convolutions and matrix products compute in: kBfloat16 takes their operands in bfloat16, while weights, losses
// and optimisers stay float32.
enum class Precision { kFloat32, kBfloat16 };

enum class GanLoss { kBceWithLogits, kLeastSquares, kHinge, kWasserstein, kRelativistic };

// Weights of the penalties on the discriminator's gradients with respect to its images; 0: there is none.
struct PenaltySettings {
  double gradient_penalty = 0;
  double r1 = 0;
  double r2 = 0;
  int every_steps = 1;  // each so many updates, they count so many times

  bool any() const { return gradient_penalty > 0 || r1 > 0 || r2 > 0; }
  bool operator==(const PenaltySettings&) const = default;
};

// What is done to every image that the discriminator sees.
struct DiffAugmentSettings {
  bool color = false;
  bool translation = false;
  bool cutout = false;

  bool operator==(const DiffAugmentSettings&) const = default;
};

// The defaults are the classic recipe with an averaged generator.
struct GanSettings {
  NetworkShape shape;
  std::vector<std::string> class_names;  // [shape.classes], or empty where the data has none; nothing depends on them
  GanLoss loss = GanLoss::kBceWithLogits;
  PenaltySettings penalties;
  double label_smoothing = 0;   // real images count as real with 1 less this
  int discriminator_steps = 1;  // the generator is updated in every so many steps
  DiffAugmentSettings diff_augment;
  AdamSettings generator_adam;
  AdamSettings discriminator_adam;
  double ema_decay = 0.999;  // of the averaged generator, per update; 0: it is a copy of the trained one
  Precision precision = Precision::kFloat32;
  uint64_t seed = 1;  // of weights, order, latents and augmentation
};

}  // namespace ganserve
