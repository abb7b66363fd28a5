// A resolved TrainSpec in plain types. LibTorch's include folder carries another protobuf, so a file that sees torch
// can't see the spec itself; spec_settings.h makes the one from the other. Ranges and defaults stand in training.proto.
#pragma once

#include <cstdint>
#include <string>

#include "server/data/augment.h"
#include "server/train/gan_settings.h"

namespace ganserve {

// Whether the networks are told the classes of the data, which are known once it has been read.
enum class Conditioning { kAuto, kNone, kClass };

struct TrainSettings : GanSettings {
  std::string data;  // name of the data set
  Conditioning conditioning = Conditioning::kAuto;
  AugmentationOptions augmentation;       // of the images, each time that one is shown
  int batch_size = 64;                    // images a step; an incomplete last batch of an epoch is left out
  uint64_t epochs = 25;                   // passes over the data; 0: `steps` counts
  uint64_t steps = 0;                     // of the whole job; 0: `epochs` counts
  double final_learning_rate_factor = 1;  // learning rates fall on a line to this part at the last step
  std::string device = "cpu";             // as torch names it; no part of the spec, as clients don't know machines
  int threads = 1;                        // of torch
  uint64_t memory_bytes = 0;              // limit of private memory; 0: none
  uint64_t checkpoint_every_steps = 500;
  uint64_t sample_every_steps = 500;
  uint64_t report_every_steps = 100;
  uint64_t evaluate_every_steps = 0;  // 0: never
  uint64_t evaluation_samples = 2000;
  std::string extractor;  // file under the data root; empty: the trainer's own
  uint64_t kept_checkpoints = 2;
  int max_rollbacks = 3;  // after NaN or infinity, each with half the learning rates; then the run fails
};

}  // namespace ganserve
