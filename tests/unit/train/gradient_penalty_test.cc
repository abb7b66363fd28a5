#include "server/train/gradient_penalty.h"

#include <gtest/gtest.h>

#include "server/train/random_tensors.h"

namespace ganserve {
namespace {

constexpr int64_t kImages = 3;

// A critic of images [N, 1, 2, 2] with its weights, in float64: tanh of three projections, summed.
struct Critic {
  torch::Tensor weight = NormalLatents(5, 3, 4).to(torch::kFloat64).set_requires_grad(true);

  torch::Tensor Logits(const torch::Tensor& images) const { return images.flatten(1).mm(weight.t()).tanh().sum(1); }
};

torch::Tensor Images(uint64_t seed) { return NormalLatents(seed, kImages, 4).to(torch::kFloat64).view({-1, 1, 2, 2}); }

torch::Tensor GradientsOf(const Critic& critic, const torch::Tensor& images) {
  const torch::Tensor leaf = images.detach().clone().set_requires_grad(true);
  return ImageGradients(critic.Logits(leaf), leaf);
}

// Central differences of the logit of each image by each of its pixels.
torch::Tensor DifferencesOf(const Critic& critic, const torch::Tensor& images) {
  constexpr double kStep = 1e-6;
  const torch::NoGradGuard no_grad;
  torch::Tensor gradients = torch::zeros_like(images).flatten(1);
  for (int64_t pixel = 0; pixel < 4; ++pixel) {
    torch::Tensor step = torch::zeros({4}, torch::kFloat64);
    step[pixel] = kStep;
    const torch::Tensor shift = step.view({1, 1, 2, 2});
    gradients.select(1, pixel).copy_((critic.Logits(images + shift) - critic.Logits(images - shift)) / (2 * kStep));
  }
  return gradients;
}

TEST(GradientPenaltyTest, GradientsAreThoseOfEachImageByItself) {
  const Critic critic;
  const torch::Tensor got = GradientsOf(critic, Images(1)).flatten(1);
  EXPECT_TRUE(torch::allclose(got, DifferencesOf(critic, Images(1)), 1e-6, 1e-8));
}

TEST(GradientPenaltyTest, PenaltiesAreTheirFormulas) {
  const Critic critic;
  const torch::Tensor differences = DifferencesOf(critic, Images(1));
  double zero = 0;
  double unit = 0;
  for (int64_t i = 0; i < kImages; ++i) {
    const double square = differences[i].square().sum().item<double>();
    zero += square / 2 / kImages;
    unit += (std::sqrt(square) - 1) * (std::sqrt(square) - 1) / kImages;
  }
  EXPECT_NEAR(ZeroPenalty(GradientsOf(critic, Images(1))).item<double>(), zero, 1e-6);
  EXPECT_NEAR(UnitNormPenalty(GradientsOf(critic, Images(1))).item<double>(), unit, 1e-6);
}

class SecondDerivativeTest : public testing::TestWithParam<torch::Tensor (*)(const torch::Tensor&)> {};

TEST_P(SecondDerivativeTest, ReachesTheWeightsAsFiniteDifferencesSay) {
  constexpr double kStep = 1e-5;
  Critic critic;
  GetParam()(GradientsOf(critic, Images(1))).backward();
  const torch::Tensor got = critic.weight.grad().flatten();
  const torch::Tensor values = critic.weight.detach().view({-1});
  for (int64_t i = 0; i < got.numel(); ++i) {
    const double value = values[i].item<double>();
    const auto penalty_at = [&](double shifted) {
      values[i] = shifted;
      return GetParam()(GradientsOf(critic, Images(1))).item<double>();
    };
    const double slope = (penalty_at(value + kStep) - penalty_at(value - kStep)) / (2 * kStep);
    values[i] = value;
    EXPECT_NEAR(got[i].item<double>(), slope, 1e-6) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Penalties, SecondDerivativeTest, testing::Values(&ZeroPenalty, &UnitNormPenalty));

TEST(GradientPenaltyTest, AGradientOfZeroHasAFinitePenalty) {
  torch::Tensor gradients = torch::zeros({2, 1, 2, 2}, torch::kFloat64).set_requires_grad(true);
  const torch::Tensor penalty = UnitNormPenalty(gradients);
  EXPECT_NEAR(penalty.item<double>(), 1, 1e-5);
  penalty.backward();
  EXPECT_TRUE(gradients.grad().isfinite().all().item<bool>());
}

TEST(GradientPenaltyTest, PointsLieBetweenTheImagesOfAPairAndDependOnTheSeed) {
  const torch::Tensor real = torch::zeros({kImages, 1, 2, 2}, torch::kFloat64);
  const torch::Tensor fake = torch::ones({kImages, 1, 2, 2}, torch::kFloat64);
  const torch::Tensor points = PointsBetween(real, fake, 7).detach();
  EXPECT_TRUE(points.ge(0).logical_and(points.lt(1)).all().item<bool>());
  EXPECT_TRUE(points.flatten(1).std(1).eq(0).all().item<bool>()) << "one weight for all pixels of an image";
  EXPECT_TRUE(points.equal(PointsBetween(real, fake, 7)));
  EXPECT_FALSE(points.equal(PointsBetween(real, fake, 8)));
}

}  // namespace
}  // namespace ganserve
