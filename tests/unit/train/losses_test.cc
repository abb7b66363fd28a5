#include "server/train/losses.h"

#include <gtest/gtest.h>

#include <cmath>

namespace ganserve {
namespace {

const torch::Tensor kLogits = torch::tensor({-3.0F, -0.5F, 0.0F, 1.25F, 4.0F});

// Binary cross-entropy by its definition, in double: -mean(t log p + (1 - t) log(1 - p)), p = sigmoid(x).
double CrossEntropy(const torch::Tensor& logits, double target) {
  double sum = 0;
  for (int64_t i = 0; i < logits.numel(); ++i) {
    const double p = 1 / (1 + std::exp(-logits[i].item<double>()));
    sum -= target * std::log(p) + (1 - target) * std::log(1 - p);
  }
  return sum / static_cast<double>(logits.numel());
}

TEST(LossesTest, AreBinaryCrossEntropy) {
  EXPECT_NEAR(LossAgainstReal(kLogits).item<double>(), CrossEntropy(kLogits, 1), 1e-6);
  EXPECT_NEAR(LossAgainstFake(kLogits).item<double>(), CrossEntropy(kLogits, 0), 1e-6);
}

TEST(LossesTest, DiscriminatorLossCountsBothKindsAndGeneratorLossWantsToBeCalledReal) {
  const torch::Tensor real = kLogits + 1;
  EXPECT_NEAR(DiscriminatorLoss(real, kLogits).item<double>(), CrossEntropy(real, 1) + CrossEntropy(kLogits, 0), 1e-6);
  EXPECT_NEAR(GeneratorLoss(kLogits).item<double>(), CrossEntropy(kLogits, 1), 1e-6);
}

TEST(LossesTest, OfAnIgnorantDiscriminatorIsTwoLn2) {
  const torch::Tensor zero = torch::zeros({8});
  EXPECT_NEAR(DiscriminatorLoss(zero, zero).item<double>(), 2 * std::log(2.0), 1e-6);
}

TEST(LossesTest, StayFiniteForHugeLogits) {
  const torch::Tensor huge = torch::tensor({1e6F, -1e6F});
  EXPECT_NEAR(LossAgainstReal(huge).item<double>(), 5e5, 1);
  EXPECT_NEAR(LossAgainstFake(huge).item<double>(), 5e5, 1);
}

TEST(LossesTest, GeneratorsGradientDoesNotVanishWhenTheDiscriminatorWins) {
  const torch::Tensor logits = torch::full({1}, -10.0F).set_requires_grad(true);
  GeneratorLoss(logits).backward();
  EXPECT_NEAR(logits.grad().item<double>(), -1, 1e-3);
}

}  // namespace
}  // namespace ganserve
