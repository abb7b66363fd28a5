#include "server/train/epoch_batches.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "server/train/random_streams.h"
#include "tests/unit/train/synthetic_images.h"

namespace ganserve {
namespace {

using testing::ElementsAreArray;

// Images of one sample that says which it is.
ImageSet Numbered(size_t count) {
  ImageSet data{{1, 1, 1}};
  for (size_t i = 0; i < count; ++i) data.samples.push_back(static_cast<uint8_t>(i));
  return data;
}

TrainSettings BatchesOf(int images) {
  TrainSettings settings;
  settings.batch_size = images;
  return settings;
}

TEST(EpochBatchesTest, FollowTheOrderOfEachEpochAndLeaveOutAnIncompleteBatch) {
  const ImageSet data = Numbered(35);
  EpochBatches batches(BatchesOf(8), data);
  for (uint64_t step = 0; step < 12; ++step) {
    const std::vector<uint32_t> order = EpochOrder(1, step / 4, 35);
    const auto begin = order.begin() + static_cast<std::ptrdiff_t>(step % 4 * 8);
    EXPECT_THAT(batches.Make(step).samples, ElementsAreArray(begin, begin + 8)) << step;
  }
}

TEST(EpochBatchesTest, AreTheSameFromWhateverStepOn) {
  const ImageSet data = Squares(35, 8, 3);
  TrainSettings settings = BatchesOf(8);
  settings.augmentation = {0.5, 20, 0.2};
  EpochBatches from_start(settings, data);
  for (uint64_t step = 0; step < 9; ++step) {
    EXPECT_EQ(from_start.Make(step).samples, EpochBatches(settings, data).Make(step).samples) << step;
  }
}

// The images of a batch, in an order that does not depend on that of the epoch.
std::vector<std::vector<uint8_t>> Sorted(const ImageBatch& batch, size_t samples) {
  std::vector<std::vector<uint8_t>> images;
  for (auto begin = batch.samples.begin(); begin != batch.samples.end();
       begin += static_cast<std::ptrdiff_t>(samples)) {
    images.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(samples));
  }
  std::sort(images.begin(), images.end());
  return images;
}

TEST(EpochBatchesTest, ShowAnImageInAnotherWayInEachEpoch) {
  const ImageSet data = Squares(8, 8, 1);  // one batch is an epoch
  TrainSettings settings = BatchesOf(8);
  EpochBatches plain(settings, data);
  EXPECT_EQ(Sorted(plain.Make(0), 64), Sorted(plain.Make(1), 64));
  settings.augmentation = {0, 20, 0.2};
  EpochBatches augmented(settings, data);
  EXPECT_NE(Sorted(augmented.Make(0), 64), Sorted(augmented.Make(1), 64));
}

}  // namespace
}  // namespace ganserve
