// Which images, augmented how, the steps of a run get.
#pragma once

#include <cstdint>
#include <vector>

#include "server/data/image_batch.h"
#include "server/data/image_set.h"
#include "server/train/train_length.h"
#include "server/train/train_settings.h"

namespace ganserve {

// A batch is a function of (settings, step). Each epoch shows the images in an order of its own, each at most once; an
// incomplete last batch is left out. Used by one thread.
class EpochBatches {
 public:
  // `data`, which outlives it and its copies, fills a batch (CheckFillsABatch).
  EpochBatches(const TrainSettings& settings, const ImageSet& data);

  // For the step after `step` steps. Fastest in order, since the order of an epoch is kept.
  ImageBatch Make(uint64_t step);

 private:
  const uint64_t seed_;
  const size_t batch_size_;
  const AugmentationOptions augmentation_;
  const ImageSet& data_;
  const uint64_t batches_;  // of an epoch
  uint64_t epoch_ = UINT64_MAX;
  std::vector<uint32_t> order_;  // of epoch_
};

}  // namespace ganserve
