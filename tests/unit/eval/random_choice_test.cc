#include "server/eval/random_choice.h"

#include <gtest/gtest.h>

#include <set>

namespace ganserve {
namespace {

TEST(ChooseIndices, ChoosesDifferentIndicesBelowTheCount) {
  const std::vector<size_t> chosen = ChooseIndices(1, 2, 1000, 300);
  const std::set<size_t> different(chosen.begin(), chosen.end());
  EXPECT_EQ(different.size(), 300);
  EXPECT_LT(*different.rbegin(), 1000);
}

TEST(ChooseIndices, ChoosesAllWhenAskedForMore) { EXPECT_EQ(ChooseIndices(1, 2, 5, 9).size(), 5); }

TEST(ChooseIndices, DependsOnSeedAndStreamOnly) {
  EXPECT_EQ(ChooseIndices(1, 2, 100, 10), ChooseIndices(1, 2, 100, 10));
  EXPECT_NE(ChooseIndices(1, 2, 100, 10), ChooseIndices(1, 3, 100, 10));
  EXPECT_NE(ChooseIndices(1, 2, 100, 10), ChooseIndices(2, 2, 100, 10));
}

TEST(ChooseIndices, ChoosesEachIndexEquallyOften) {
  std::vector<int> times(10);
  for (uint64_t stream = 0; stream < 5000; ++stream) {
    for (const size_t index : ChooseIndices(1, stream, 10, 3)) ++times[index];
  }
  // 1,500 expected, standard deviation 32.
  for (const int count : times) EXPECT_NEAR(count, 1500, 160);
}

}  // namespace
}  // namespace ganserve
