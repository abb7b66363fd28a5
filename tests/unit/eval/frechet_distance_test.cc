#include "server/eval/frechet_distance.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/unit/eval/sample_features.h"

namespace ganserve {
namespace {

TEST(FitGaussian, DividesByTheCountLessOne) {
  const Gaussian fit = FitGaussian({2, {1, 10, 2, 10, 6, 40}});
  EXPECT_EQ(fit.mean, (std::vector<double>{3, 20}));
  // By hand: deviations (-2, -10), (-1, -10), (3, 20).
  const std::vector<double> expected{14 / 2.0, 90 / 2.0, 90 / 2.0, 600 / 2.0};
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(fit.covariance[i], expected[i], 1e-12);
}

TEST(FitGaussian, KeepsSmallSpreadAroundALargeMean) {
  // 4096.0 and 4096.5 in turn: variance (n / (n - 1)) / 16.
  Features features{1, {}};
  for (int i = 0; i < 10'000; ++i) features.values.push_back(i % 2 == 0 ? 4096.0f : 4096.5f);
  EXPECT_NEAR(FitGaussian(features).covariance[0], 10'000.0 / 9'999 / 16, 1e-12);
}

TEST(FrechetDistance, IsTheClosedFormOfDiagonalGaussians) {
  // |m - n|^2 + sum (s_i - t_i)^2 for standard deviations s and t.
  const Gaussian a{{1, 2}, {4, 0, 0, 9}};
  const Gaussian b{{0, 4}, {1, 0, 0, 25}};
  EXPECT_NEAR(FrechetDistance(a, b), 1 + 4 + 1 + 4, 1e-9);
}

TEST(FrechetDistance, IsTheClosedFormOfMatricesThatDoNotCommute) {
  // For 2x2: Tr sqrt(AB) = sqrt(Tr(AB) + 2 sqrt(det A det B)).
  const Gaussian a{{0, 0}, {2, 1, 1, 3}};
  const Gaussian b{{0, 0}, {5, -2, -2, 1}};
  const double trace = 2 * 5 + 2 * 1 * -2 + 3 * 1;
  const double root = std::sqrt(trace + 2 * std::sqrt((2 * 3 - 1) * (5 * 1 - 4)));
  EXPECT_NEAR(FrechetDistance(a, b), 5 + 6 - 2 * root, 1e-9);
  EXPECT_NEAR(FrechetDistance(b, a), 5 + 6 - 2 * root, 1e-9);
}

TEST(FrechetDistance, TakesSingularCovariances) {
  const Gaussian flat{{0, 0}, {4, 0, 0, 0}};
  const Gaussian round{{0, 0}, {1, 0, 0, 1}};
  EXPECT_NEAR(FrechetDistance(flat, round), 1 + 1, 1e-9);
  EXPECT_NEAR(FrechetDistance(flat, flat), 0, 1e-9);
}

TEST(FrechetDistance, IsZeroBetweenASetAndItself) {
  const Gaussian fit = FitGaussian(NormalFeatures(1, 500, 8));
  EXPECT_NEAR(FrechetDistance(fit, fit), 0, 1e-9);
}

TEST(FrechetDistance, IsNeverBelowZero) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const Features features = NormalFeatures(seed, 100, 8, 0, 1e3f);
    const Gaussian fit = FitGaussian(features);
    EXPECT_GE(FrechetDistance(fit, fit), 0) << seed;
    const FrechetEstimate estimate = EstimateFrechet(features, fit);
    EXPECT_GE(estimate.distance, 0) << seed;
    EXPECT_LE(estimate.low, estimate.distance) << seed;
  }
}

TEST(FrechetDistance, HidesNoNumberThatIsNone) {
  EXPECT_TRUE(std::isnan(FrechetDistance({{std::nan("")}, {1}}, {{0}, {1}})));
}

TEST(EstimateFrechet, AgreesWithTheDistanceOfTheFits) {
  const Features samples = NormalFeatures(3, 300, 6, 0.5f, 1.5f);
  const Gaussian reference = FitGaussian(NormalFeatures(4, 1000, 6));
  const FrechetEstimate estimate = EstimateFrechet(samples, reference);
  EXPECT_NEAR(estimate.distance, FrechetDistance(FitGaussian(samples), reference), 1e-9);
  EXPECT_LT(estimate.low, estimate.distance);
  EXPECT_GT(estimate.high, estimate.distance);
}

// What the interval promises, checked by the experiment that it stands for: many sets of the same generator.
TEST(EstimateFrechet, ItsIntervalHoldsTheMeanOverOtherSetsAboutAsOftenAsItSays) {
  constexpr int kSets = 200;
  const Gaussian reference = FitGaussian(NormalFeatures(1, 4000, 4));
  std::vector<FrechetEstimate> estimates;
  double mean = 0;
  for (uint64_t set = 0; set < kSets; ++set) {
    estimates.push_back(EstimateFrechet(NormalFeatures(100 + set, 200, 4, 0.6f), reference));
    mean += estimates.back().distance / kSets;
  }
  int hits = 0;
  for (const FrechetEstimate& estimate : estimates) hits += estimate.low <= mean && mean <= estimate.high ? 1 : 0;
  EXPECT_GE(hits, kSets * 90 / 100);
  EXPECT_LE(hits, kSets * 99 / 100);
}

TEST(EstimateFrechet, ItsIntervalHalvesWithFourTimesTheSamples) {
  const Gaussian reference = FitGaussian(NormalFeatures(1, 4000, 4));
  double narrow = 0;
  double wide = 0;
  for (uint64_t set = 0; set < 20; ++set) {
    const FrechetEstimate few = EstimateFrechet(NormalFeatures(100 + set, 200, 4, 0.6f), reference);
    const FrechetEstimate many = EstimateFrechet(NormalFeatures(200 + set, 800, 4, 0.6f), reference);
    wide += few.high - few.low;
    narrow += many.high - many.low;
  }
  EXPECT_NEAR(wide / narrow, 2, 0.3);
}

TEST(EstimateFrechet, WorksWithTheFewestSamples) {
  const Gaussian reference = FitGaussian(NormalFeatures(1, 100, 3));
  const FrechetEstimate estimate = EstimateFrechet(NormalFeatures(2, 4, 3), reference);
  EXPECT_TRUE(std::isfinite(estimate.high));
  EXPECT_GE(estimate.low, 0);
}

}  // namespace
}  // namespace ganserve
