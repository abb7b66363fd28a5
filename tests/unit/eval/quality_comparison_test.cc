#include "server/eval/quality_comparison.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ganserve {
namespace {

QualityReport WithFid(double distance, double half_width) {
  QualityReport report;
  report.features.emplace();
  report.features->fid = {distance, std::max(0.0, distance - half_width), distance + half_width};
  return report;
}

QualityReport WithWasserstein(double distance) {
  QualityReport report;
  report.sliced_wasserstein = distance;
  return report;
}

TEST(WorseThan, IsSilentForABetterOne) { EXPECT_FALSE(WorseThan(WithFid(10, 1), WithFid(20, 1))); }

TEST(WorseThan, IsSilentWhenChanceExplainsTheDifference) {
  // 3 and 4 make 5.
  EXPECT_FALSE(WorseThan(WithFid(24.9, 3), WithFid(20, 4)));
  EXPECT_TRUE(WorseThan(WithFid(25.1, 3), WithFid(20, 4)));
}

TEST(WorseThan, TakesTheUpperHalfOfAnIntervalThatEndsAtZero) {
  EXPECT_FALSE(WorseThan(WithFid(2, 3), WithFid(0.5, 3)));
}

TEST(WorseThan, NamesBothDistances) {
  EXPECT_EQ(WorseThan(WithFid(30, 3), WithFid(20, 4)).value_or(""),
            "its FID is 30.0000, that of the other 20.0000; chance explains a difference of 5.0000");
}

TEST(WorseThan, ComparesPixelsWithoutFeatures) {
  EXPECT_FALSE(WorseThan(WithWasserstein(0.0104), WithWasserstein(0.01)));
  EXPECT_EQ(WorseThan(WithWasserstein(0.012), WithWasserstein(0.01)).value_or(""),
            "its sliced Wasserstein distance is 0.0120, that of the other 0.0100");
}

}  // namespace
}  // namespace ganserve
