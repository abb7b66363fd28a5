// How long a run is, and where in it a step lies. Steps are counted over the whole job.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/train/train_settings.h"

namespace ganserve {

struct TrainLength {
  // `images` must fill a batch (CheckFillsABatch).
  TrainLength(const TrainSettings& settings, uint64_t images)
      : batches(images / static_cast<uint64_t>(settings.batch_size)),
        steps(settings.steps > 0 ? settings.steps : settings.epochs * batches) {}

  // The epoch of the last of `done` steps and its place in it. From 1; 0 before the first step.
  uint64_t EpochOf(uint64_t done) const { return (done + batches - 1) / batches; }
  uint64_t BatchOf(uint64_t done) const { return done == 0 ? 0 : (done - 1) % batches + 1; }

  uint64_t batches;  // of an epoch
  uint64_t steps;    // of the job
};

// INVALID_ARGUMENT unless a data set of so many images fills a batch.
absl::Status CheckFillsABatch(const TrainSettings& settings, uint64_t images);

// INVALID_ARGUMENT when a run is to be evaluated against a data set of so many images and they are too few.
absl::Status CheckCanBeEvaluated(const TrainSettings& settings, uint64_t images);

// The number of classes that networks are told of data with so many, 0 if it has no labels. INVALID_ARGUMENT when
// classes are asked for and it has none, and for more than kMaxClasses.
absl::StatusOr<int> ClassesToTell(Conditioning conditioning, int classes);

}  // namespace ganserve
