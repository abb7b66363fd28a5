#include "server/train/losses.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

namespace ganserve {
namespace {

using Logits = std::vector<double>;

const Logits kReal{-3.0, -0.5, 0.0, 1.25, 4.0};
const Logits kFake{0.5, -2.0, 1.5, -0.25, 3.0};

torch::Tensor Tensor(const Logits& logits) { return torch::tensor(logits, torch::kFloat64); }

double MeanOf(const Logits& values, const std::function<double(double)>& f) {
  double sum = 0;
  for (const double value : values) sum += f(value);
  return sum / static_cast<double>(values.size());
}

// -(t log p + (1 - t) log(1 - p)) with p = sigmoid(x): binary cross-entropy by its definition.
double CrossEntropy(double x, double target) {
  const double p = 1 / (1 + std::exp(-x));
  return -target * std::log(p) - (1 - target) * std::log(1 - p);
}

double DiscriminatorsLoss(GanLoss loss, const Logits& real, const Logits& fake, double smoothing = 0) {
  return DiscriminatorLoss(loss, Tensor(real), Tensor(fake), smoothing).item<double>();
}

double GeneratorsLoss(GanLoss loss) { return GeneratorLoss(loss, Tensor(kFake), Tensor(kReal)).item<double>(); }

TEST(LossesTest, BceIsCrossEntropyWithTargetsOneAndZero) {
  const double expected = MeanOf(kReal, [](double x) { return CrossEntropy(x, 1); }) +
                          MeanOf(kFake, [](double x) { return CrossEntropy(x, 0); });
  EXPECT_NEAR(DiscriminatorsLoss(GanLoss::kBceWithLogits, kReal, kFake), expected, 1e-12);
  EXPECT_NEAR(GeneratorsLoss(GanLoss::kBceWithLogits), MeanOf(kFake, [](double x) { return CrossEntropy(x, 1); }),
              1e-12);
}

TEST(LossesTest, SmoothingLowersTheTargetOfRealImagesAlone) {
  const double bce = MeanOf(kReal, [](double x) { return CrossEntropy(x, 0.9); }) +
                     MeanOf(kFake, [](double x) { return CrossEntropy(x, 0); });
  EXPECT_NEAR(DiscriminatorsLoss(GanLoss::kBceWithLogits, kReal, kFake, 0.1), bce, 1e-12);
  const double squares = MeanOf(kReal, [](double x) { return (x - 0.9) * (x - 0.9) / 2; }) +
                         MeanOf(kFake, [](double x) { return x * x / 2; });
  EXPECT_NEAR(DiscriminatorsLoss(GanLoss::kLeastSquares, kReal, kFake, 0.1), squares, 1e-12);
}

TEST(LossesTest, LeastSquaresAreHalfTheSquaredDistancesToTheTargets) {
  const double expected =
      MeanOf(kReal, [](double x) { return (x - 1) * (x - 1) / 2; }) + MeanOf(kFake, [](double x) { return x * x / 2; });
  EXPECT_NEAR(DiscriminatorsLoss(GanLoss::kLeastSquares, kReal, kFake), expected, 1e-12);
  EXPECT_NEAR(GeneratorsLoss(GanLoss::kLeastSquares), MeanOf(kFake, [](double x) { return (x - 1) * (x - 1) / 2; }),
              1e-12);
}

TEST(LossesTest, HingeCountsWhatIsInsideTheMargins) {
  const double expected = MeanOf(kReal, [](double x) { return x < 1 ? 1 - x : 0; }) +
                          MeanOf(kFake, [](double x) { return x > -1 ? 1 + x : 0; });
  EXPECT_NEAR(DiscriminatorsLoss(GanLoss::kHinge, kReal, kFake), expected, 1e-12);
  EXPECT_NEAR(GeneratorsLoss(GanLoss::kHinge), -MeanOf(kFake, [](double x) { return x; }), 1e-12);
}

TEST(LossesTest, WassersteinIsTheDifferenceOfTheMeans) {
  const double real = MeanOf(kReal, [](double x) { return x; });
  const double fake = MeanOf(kFake, [](double x) { return x; });
  EXPECT_NEAR(DiscriminatorsLoss(GanLoss::kWasserstein, kReal, kFake), fake - real, 1e-12);
  EXPECT_NEAR(GeneratorsLoss(GanLoss::kWasserstein), -fake, 1e-12);
}

TEST(LossesTest, RelativisticIsCrossEntropyOfTheDifferencesOfPairs) {
  double discriminator = 0;
  double generator = 0;
  for (size_t i = 0; i < kReal.size(); ++i) {
    discriminator += CrossEntropy(kReal[i] - kFake[i], 1) / static_cast<double>(kReal.size());
    generator += CrossEntropy(kFake[i] - kReal[i], 1) / static_cast<double>(kReal.size());
  }
  EXPECT_NEAR(DiscriminatorsLoss(GanLoss::kRelativistic, kReal, kFake), discriminator, 1e-12);
  EXPECT_NEAR(GeneratorsLoss(GanLoss::kRelativistic), generator, 1e-12);
  EXPECT_TRUE(PairsImages(GanLoss::kRelativistic));
}

TEST(LossesTest, OfAnIgnorantDiscriminatorIsTwoLn2) {
  EXPECT_NEAR(DiscriminatorsLoss(GanLoss::kBceWithLogits, {0, 0}, {0, 0}), 2 * std::log(2.0), 1e-12);
}

TEST(LossesTest, StayFiniteForHugeLogits) {
  for (const GanLoss loss : {GanLoss::kBceWithLogits, GanLoss::kRelativistic}) {
    EXPECT_TRUE(std::isfinite(DiscriminatorsLoss(loss, {1e6, -1e6}, {-1e6, 1e6}, 0.1)));
  }
}

TEST(LossesTest, GeneratorsGradientDoesNotVanishWhenTheDiscriminatorWins) {
  const torch::Tensor logits = torch::full({1}, -10.0F).set_requires_grad(true);
  GeneratorLoss(GanLoss::kBceWithLogits, logits, {}).backward();
  EXPECT_NEAR(logits.grad().item<double>(), -1, 1e-3);
}

}  // namespace
}  // namespace ganserve
