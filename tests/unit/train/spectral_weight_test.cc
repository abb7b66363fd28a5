#include "server/train/spectral_weight.h"

#include <gtest/gtest.h>

#include "server/train/networks.h"
#include "server/train/random_tensors.h"

namespace ganserve {
namespace {

SpectralWeight Weight(const std::vector<int64_t>& sizes, bool normalised = true) {
  SpectralWeight weight(sizes, normalised);
  weight->to(torch::kFloat64);
  const torch::NoGradGuard no_grad;
  torch::Tensor values = weight->named_parameters()["weight"];
  values.copy_(NormalLatents(3, values.numel(), 1).view(sizes));
  return weight;
}

double LargestSingularValue(const torch::Tensor& tensor) {
  return torch::linalg_svdvals(tensor.detach().flatten(1)).max().item<double>();
}

TEST(SpectralWeightTest, IteratedItIsTheWeightOverItsLargestSingularValue) {
  SpectralWeight weight = Weight({6, 4, 3, 3});
  for (int i = 0; i < 500; ++i) weight->Iterate();
  const torch::Tensor expected = weight->weight() / LargestSingularValue(weight->weight());
  EXPECT_TRUE(torch::allclose(weight->forward(), expected, 1e-6, 0));
}

TEST(SpectralWeightTest, EachIterationComesCloser) {
  SpectralWeight weight = Weight({8, 10});
  double last = 1e9;
  for (int i = 0; i < 5; ++i) {
    weight->Iterate();
    const double norm = LargestSingularValue(weight->forward());
    EXPECT_GE(norm, 1 - 1e-9) << "the estimate is never above the norm";
    EXPECT_LT(norm, last);
    last = norm;
  }
}

// W / sigma with sigma = u^T W v and constant u, v: the derivative of c . W / sigma by W is (c - (c . W / sigma) u v^T)
// / sigma.
TEST(SpectralWeightTest, GradientsFlowThroughTheNormToo) {
  constexpr double kStep = 1e-6;
  SpectralWeight weight = Weight({3, 4});
  weight->Iterate();
  const torch::Tensor direction = NormalLatents(9, 3, 4).to(torch::kFloat64);
  (weight->forward() * direction).sum().backward();
  torch::Tensor values = weight->named_parameters()["weight"].detach().view({-1});
  const torch::Tensor got = weight->weight().grad().flatten();
  const torch::NoGradGuard no_grad;
  for (int64_t i = 0; i < values.numel(); ++i) {
    const double value = values[i].item<double>();
    const auto at = [&](double shifted) {
      values[i] = shifted;
      return (weight->forward() * direction).sum().item<double>();
    };
    const double slope = (at(value + kStep) - at(value - kStep)) / (2 * kStep);
    values[i] = value;
    EXPECT_NEAR(got[i].item<double>(), slope, 1e-7) << i;
  }
}

TEST(SpectralWeightTest, OneThatIsNotNormalisedIsItsParameter) {
  SpectralWeight weight = Weight({3, 4}, /*normalised=*/false);
  weight->Iterate();
  EXPECT_TRUE(weight->forward().equal(weight->weight()));
  EXPECT_TRUE(weight->buffers().empty());
}

TEST(SpectralWeightTest, ANetworkStartsWithNormsNearOne) {
  NetworkShape shape{32, 1, 8, 100};
  shape.discriminator_norm = DiscriminatorNorm::kSpectral;
  const auto discriminator = MakeDiscriminator(shape);
  InitializeWeights(*discriminator, 1);
  for (const auto& part : discriminator->modules(/*include_self=*/false)) {
    if (auto* weight = part->as<SpectralWeightImpl>()) {
      EXPECT_NEAR(LargestSingularValue(weight->forward()), 1, 0.05);
    }
  }
}

}  // namespace
}  // namespace ganserve
