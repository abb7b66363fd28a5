// What a training run is asked to do. The job directory's `spec` is its JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "server/train/network_shape.h"

namespace ganserve {

struct TrainOptions {
  std::string data;  // a file or a folder, see LoadDataSet
  std::string out;   // the job directory
  NetworkShape shape;
  int epochs = 25;              // passes over the data
  int max_steps = 0;            // stop after this many steps of the whole job; 0: only --epochs counts
  int batch_size = 64;          // images a step; an incomplete last batch of an epoch is left out
  uint64_t seed = 1;            // of weights, order and latents
  int threads = 0;              // of torch; 0: one per core
  double learning_rate = 2e-4;  // Adam's
  double ema_decay = 0.999;     // of the averaged generator that is exported, per step; 0: export the trained one
  int report_every = 100;       // steps between two lines of losses
  int sample_every = 1;         // epochs between two sample grids
  int checkpoint_every = 1;     // epochs between two checkpoints
  int checkpoint_steps = 0;     // steps between two more; 0: none but those of checkpoint_every
  int max_rollbacks = 3;        // after NaN or infinity, each with half the learning rate; then the run fails
  bool resume = false;          // continue from the last checkpoint in `out`
};

// INVALID_ARGUMENT naming the first option out of range, its value and its limits.
absl::Status ValidateShape(const NetworkShape& shape);
absl::Status ValidateTrainOptions(const TrainOptions& options);

// Whether a data set of `images` images fills a batch. INVALID_ARGUMENT otherwise.
absl::Status CheckFillsABatch(const TrainOptions& options, size_t images);

// Indented JSON, ending in a newline. Holds what fixes the result; not `out`, `threads` and `resume`.
std::string SpecJson(const TrainOptions& options);

// Whether a job that was started with `spec` can go on with `options`: everything that fixes the weights must be the
// same. Errors: INVALID_ARGUMENT naming the first option that differs; DATA_LOSS when `spec` is not such JSON.
absl::Status CheckResumable(const std::string& spec, const TrainOptions& options);

}  // namespace ganserve
