#include "server/train/epoch_batches.h"

#include <span>

#include "server/train/random_streams.h"

namespace ganserve {

EpochBatches::EpochBatches(const TrainSettings& settings, const ImageSet& data)
    : seed_(settings.seed),
      batch_size_(static_cast<size_t>(settings.batch_size)),
      augmentation_(settings.augmentation),
      data_(data),
      batches_(TrainLength(settings, data.count()).batches) {}

ImageBatch EpochBatches::Make(uint64_t step) {
  if (const uint64_t epoch = step / batches_; epoch != epoch_) {
    order_ = EpochOrder(seed_, epoch, data_.count());
    epoch_ = epoch;
  }
  const auto indices = std::span(order_).subspan(step % batches_ * batch_size_, batch_size_);
  return MakeBatch(data_, indices, augmentation_, DeriveSeed(seed_, RandomPurpose::kDataAugment, step));
}

}  // namespace ganserve
