#include "server/train/random_streams.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

namespace ganserve {
namespace {

using testing::ElementsAre;

TEST(RandomStreamsTest, EpochOrderIsAPermutation) {
  std::vector<uint32_t> order = EpochOrder(1, 0, 1000);
  std::sort(order.begin(), order.end());
  for (uint32_t i = 0; i < 1000; ++i) ASSERT_EQ(order[i], i);
}

TEST(RandomStreamsTest, EpochOrderDependsOnSeedAndEpoch) {
  EXPECT_EQ(EpochOrder(1, 0, 100), EpochOrder(1, 0, 100));
  EXPECT_NE(EpochOrder(1, 0, 100), EpochOrder(1, 1, 100));
  EXPECT_NE(EpochOrder(1, 0, 100), EpochOrder(2, 0, 100));
}

TEST(RandomStreamsTest, EpochOrderIsTheSameOnEveryMachine) {
  EXPECT_THAT(EpochOrder(1, 0, 8), ElementsAre(4, 0, 2, 6, 1, 7, 5, 3));
}

TEST(RandomStreamsTest, AnEmptyOrderIsEmpty) { EXPECT_TRUE(EpochOrder(1, 0, 0).empty()); }

TEST(RandomStreamsTest, SeedsOfDifferentPurposesAndIndicesDiffer) {
  std::set<uint64_t> seeds;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    for (uint64_t index = 0; index < 10; ++index) {
      seeds.insert(DeriveSeed(seed, RandomPurpose::kEpochOrder, index));
      seeds.insert(DeriveSeed(seed, RandomPurpose::kStepLatents, index));
    }
  }
  EXPECT_EQ(seeds.size(), 200U);
}

}  // namespace
}  // namespace ganserve
