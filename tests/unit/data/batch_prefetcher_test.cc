#include "server/data/batch_prefetcher.h"

#include <gmock/gmock.h>

#include <atomic>
#include <latch>
#include <stdexcept>

namespace ganserve {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// `count` images of 4 x 4, with labels.
ImageSet Data(size_t count) {
  ImageSet data{{4, 4, 1}};
  for (size_t i = 0; i < count * 16; ++i) data.samples.push_back(static_cast<uint8_t>(i * 31 % 256));
  for (size_t i = 0; i < count; ++i) data.labels.push_back(static_cast<int32_t>(i % 3));
  return data;
}

ImageBatch Numbered(uint64_t number) { return {{static_cast<uint8_t>(number)}}; }

TEST(MakeBatchTest, TakesImagesAndLabelsInTheGivenOrder) {
  const ImageSet data = Data(5);
  const ImageBatch batch = MakeBatch(data, std::vector<uint32_t>{4, 0, 4}, {}, 1);
  EXPECT_THAT(batch.labels, ElementsAre(1, 0, 1));
  ASSERT_EQ(batch.samples.size(), 48U);
  for (const size_t place : {0U, 2U}) {
    EXPECT_TRUE(std::equal(data.image(4).begin(), data.image(4).end(), &batch.samples[place * 16]));
  }
  EXPECT_TRUE(std::equal(data.image(0).begin(), data.image(0).end(), &batch.samples[16]));
}

TEST(MakeBatchTest, LeavesLabelsAsTheyAreWhateverItDoesToImages) {
  ImageSet data = Data(5);
  const std::vector<uint32_t> indices = {3, 1, 2};
  const AugmentationOptions options{1, 30, 0.3};
  const ImageBatch augmented = MakeBatch(data, indices, options, 1);
  EXPECT_EQ(augmented.labels, MakeBatch(data, indices, {}, 1).labels);
  EXPECT_NE(augmented.samples, MakeBatch(data, indices, {}, 1).samples);
  data.labels.clear();
  EXPECT_THAT(MakeBatch(data, indices, options, 1).labels, IsEmpty());
}

TEST(MakeBatchTest, AugmentsByTheSeedAndThePlace) {
  const ImageSet data = Data(5);
  const std::vector<uint32_t> twice = {2, 2};
  const AugmentationOptions options{0.5, 30, 0.3};
  const auto samples = MakeBatch(data, twice, options, 9).samples;
  EXPECT_EQ(MakeBatch(data, twice, options, 9).samples, samples);
  EXPECT_NE(MakeBatch(data, twice, options, 10).samples, samples);
  EXPECT_FALSE(std::equal(samples.begin(), samples.begin() + 16, samples.begin() + 16));
}

TEST(BatchPrefetcherTest, GivesTheBatchesThatTheCallerWouldMake) {
  const ImageSet data = Data(50);
  const auto make = [&data](uint64_t number) {
    const auto first = static_cast<uint32_t>(number);
    return MakeBatch(data, std::vector<uint32_t>{first, first + 7, first + 9}, {0.5, 30, 0.3}, number);
  };
  BatchPrefetcher batches(make, 3, 40);
  for (uint64_t number = 3; number < 40; ++number) {
    const auto batch = batches.Next();
    ASSERT_TRUE(batch.has_value());
    const ImageBatch expected = make(number);
    EXPECT_EQ(batch->samples, expected.samples);
    EXPECT_EQ(batch->labels, expected.labels);
  }
  EXPECT_FALSE(batches.Next().has_value());
  EXPECT_FALSE(batches.Next().has_value());
}

TEST(BatchPrefetcherTest, MakesBatchesBeforeTheyAreAskedForButNoMoreThanItsBound) {
  // The bound's batches and one for which there is no room yet.
  constexpr uint64_t kMade = BatchPrefetcher::kAhead + 1;
  std::latch made(kMade);
  std::atomic<uint64_t> count = 0;
  BatchPrefetcher batches(
      [&](uint64_t number) {
        if (++count <= kMade) made.count_down();
        return Numbered(number);
      },
      0, 1000);
  made.wait();  // without any Next()
  for (uint64_t taken = 1; taken <= 20; ++taken) {
    EXPECT_EQ(batches.Next()->samples[0], taken - 1);
    EXPECT_LE(count, taken + kMade);
  }
}

TEST(BatchPrefetcherTest, EndsAtOnceWithBatchesWaiting) {
  std::latch made(BatchPrefetcher::kAhead + 1);
  {
    BatchPrefetcher batches(
        [&](uint64_t number) {
          made.count_down();
          return Numbered(number);
        },
        0, UINT64_MAX);
    made.wait();
  }  // joins the loader, which waits for room
}

TEST(BatchPrefetcherTest, CloseStopsMakingAndLetsGoOfWhatWaits) {
  std::atomic<int> count = 0;
  BatchPrefetcher batches(
      [&](uint64_t number) {
        ++count;
        return Numbered(number);
      },
      0, UINT64_MAX);
  EXPECT_TRUE(batches.Next().has_value());
  batches.Close();
  const int made = count;
  EXPECT_FALSE(batches.Next().has_value());
  batches.Close();
  EXPECT_EQ(count, made);
}

TEST(BatchPrefetcherTest, CloseWakesWhoWaitsForABatch) {
  std::latch making(1);
  std::latch go_on(1);
  BatchPrefetcher batches(
      [&](uint64_t number) {
        making.count_down();
        go_on.wait();
        return Numbered(number);
      },
      0, 1);
  making.wait();
  std::jthread waiter([&] {
    EXPECT_FALSE(batches.Next().has_value());
    go_on.count_down();  // only now can Close() end: Next() did not wait for the batch
  });
  batches.Close();
}

TEST(BatchPrefetcherTest, ThrowsWhatMakingABatchThrewInItsPlace) {
  BatchPrefetcher batches(
      [](uint64_t number) {
        if (number == 2) throw std::runtime_error("no memory");
        return Numbered(number);
      },
      0, 10);
  EXPECT_EQ(batches.Next()->samples[0], 0);
  EXPECT_EQ(batches.Next()->samples[0], 1);
  EXPECT_THROW(batches.Next(), std::runtime_error);
  EXPECT_FALSE(batches.Next().has_value());
}

TEST(BatchPrefetcherTest, OfNoBatchesHasNone) {
  BatchPrefetcher batches(&Numbered, 5, 5);
  EXPECT_FALSE(batches.Next().has_value());
}

}  // namespace
}  // namespace ganserve
