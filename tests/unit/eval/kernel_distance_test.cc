#include "server/eval/kernel_distance.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/eval/sample_features.h"

namespace ganserve {
namespace {

// The definition, term by term.
double MmdByLoops(const Features& a, const Features& b) {
  const auto kernel = [&](std::span<const float> x, std::span<const float> y) {
    double product = 0;
    for (size_t i = 0; i < x.size(); ++i) product += double{x[i]} * y[i];
    return std::pow(product / static_cast<double>(x.size()) + 1, 3);
  };
  const size_t m = a.count();
  double within = 0;
  double between = 0;
  for (size_t i = 0; i < m; ++i) {
    for (size_t j = 0; j < m; ++j) {
      if (i != j) within += kernel(a.row(i), a.row(j)) + kernel(b.row(i), b.row(j));
      between += kernel(a.row(i), b.row(j));
    }
  }
  const double rows = static_cast<double>(m);
  return within / (rows * (rows - 1)) - 2 * between / (rows * rows);
}

TEST(UnbiasedMmd, IsItsDefinition) {
  const Features a = NormalFeatures(1, 30, 5);
  const Features b = NormalFeatures(2, 30, 5, 0.7f, 1.2f);
  EXPECT_NEAR(UnbiasedMmd(a, b), MmdByLoops(a, b), 1e-10);
}

TEST(KernelDistance, OfAllRowsInOneSubsetIsTheMmd) {
  const Features a = NormalFeatures(1, 40, 5);
  const Features b = NormalFeatures(2, 40, 5, 0.7f);
  const KernelEstimate estimate = KernelDistance(a, b, {.subsets = 3, .subset_size = 1000});
  EXPECT_NEAR(estimate.mean, UnbiasedMmd(a, b), 1e-10);
  EXPECT_NEAR(estimate.deviation, 0, 1e-6);
}

TEST(KernelDistance, IsAboutZeroForTheSameDistribution) {
  const KernelEstimate estimate =
      KernelDistance(NormalFeatures(1, 2000, 4), NormalFeatures(2, 2000, 4), {.subsets = 50, .subset_size = 100});
  EXPECT_GT(estimate.deviation, 0);
  EXPECT_LT(std::abs(estimate.mean), estimate.deviation);
}

TEST(KernelDistance, GrowsWithTheDifferenceOfTheMeans) {
  const Features a = NormalFeatures(1, 500, 4);
  const KernelOptions options{.subsets = 10, .subset_size = 200};
  const double near = KernelDistance(a, NormalFeatures(2, 500, 4, 0.5f), options).mean;
  const double far = KernelDistance(a, NormalFeatures(2, 500, 4, 1.0f), options).mean;
  EXPECT_GT(near, 0.1);
  EXPECT_GT(far, 2 * near);
}

TEST(KernelDistance, IsFixedByTheSeed) {
  const Features a = NormalFeatures(1, 100, 4);
  const Features b = NormalFeatures(2, 100, 4);
  const KernelOptions options{.subsets = 5, .subset_size = 50, .seed = 7};
  EXPECT_EQ(KernelDistance(a, b, options).mean, KernelDistance(a, b, options).mean);
  EXPECT_NE(KernelDistance(a, b, options).mean, KernelDistance(a, b, {5, 50, 8}).mean);
}

TEST(KernelDistance, TakesWhatTheSmallerSetHas) {
  const KernelEstimate estimate =
      KernelDistance(NormalFeatures(1, 20, 4), NormalFeatures(2, 300, 4), {.subsets = 5, .subset_size = 1000});
  EXPECT_TRUE(std::isfinite(estimate.mean));
}

}  // namespace
}  // namespace ganserve
