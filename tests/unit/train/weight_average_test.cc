#include "server/train/weight_average.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ganserve {
namespace {

TEST(WeightAverageTest, DecayRisesToItsLimit) {
  EXPECT_DOUBLE_EQ(AverageDecay(0.999, 1), 2.0 / 11);
  EXPECT_DOUBLE_EQ(AverageDecay(0.999, 90), 0.91);
  EXPECT_DOUBLE_EQ(AverageDecay(0.999, 1'000'000), 0.999);
}

TEST(WeightAverageTest, ADecayOfZeroIsACopy) {
  EXPECT_EQ(AverageDecay(0, 5), 0);
  const torch::Tensor average = torch::tensor({1.0F, 2.0F});
  MoveAverage({average}, {torch::tensor({5.0F, -7.0F})}, 0);
  EXPECT_TRUE(average.equal(torch::tensor({5.0F, -7.0F})));
}

TEST(WeightAverageTest, MovesEveryTensorByOneMinusDecay) {
  const torch::Tensor first = torch::tensor({1.0F, 2.0F});
  const torch::Tensor second = torch::tensor({-4.0F});
  MoveAverage({first, second}, {torch::tensor({2.0F, 2.0F}), torch::tensor({4.0F})}, 0.75);
  EXPECT_TRUE(first.equal(torch::tensor({1.25F, 2.0F})));
  EXPECT_TRUE(second.equal(torch::tensor({-2.0F})));
}

// The sum in full: after n steps the weights of step i count (1 - d_i) d_(i+1) ... d_n.
TEST(WeightAverageTest, IsTheWeightedSumOfWhatItSaw) {
  constexpr double kDecay = 0.5;
  const torch::Tensor average = torch::tensor({3.0F});
  double expected = 3;
  for (int64_t step = 1; step <= 20; ++step) {
    const double weight = 1.0 / static_cast<double>(step);
    const double decay = std::min(kDecay, static_cast<double>(1 + step) / static_cast<double>(10 + step));
    expected = expected * decay + weight * (1 - decay);
    MoveAverage({average}, {torch::tensor({static_cast<float>(weight)})}, AverageDecay(kDecay, step));
  }
  EXPECT_NEAR(average.item<double>(), expected, 1e-6);
}

TEST(WeightAverageTest, RecordsNoGradients) {
  const torch::Tensor weights = torch::ones({2}, torch::requires_grad());
  const torch::Tensor average = torch::zeros({2});
  MoveAverage({average}, {weights}, 0.9);
  EXPECT_FALSE(average.requires_grad());
}

}  // namespace
}  // namespace ganserve
