// A resolved TrainSpec in plain types. LibTorch's include folder carries another protobuf, so a file that sees torch
// can't see the spec itself; spec_settings.h makes the one from the other. Ranges and defaults stand in training.proto.
#pragma once

#include <cstdint>
#include <string>

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

struct TrainSettings {
  std::string data;  // name of the data set
  NetworkShape shape;
  int batch_size = 64;   // images a step; an incomplete last batch of an epoch is left out
  uint64_t epochs = 25;  // passes over the data; 0: `steps` counts
  uint64_t steps = 0;    // of the whole job; 0: `epochs` counts
  AdamSettings generator_adam;
  AdamSettings discriminator_adam;
  uint64_t seed = 1;          // of weights, order and latents
  double ema_decay = 0.999;   // of the averaged generator that is exported, per step; 0: export the trained one
  int threads = 1;            // of torch
  uint64_t memory_bytes = 0;  // limit of private memory; 0: none
  uint64_t checkpoint_every_steps = 500;
  uint64_t sample_every_steps = 500;
  uint64_t report_every_steps = 100;
  uint64_t kept_checkpoints = 2;
  int max_rollbacks = 3;  // after NaN or infinity, each with half the learning rates; then the run fails
};

}  // namespace ganserve
