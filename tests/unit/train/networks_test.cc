#include "server/train/networks.h"

#include <gtest/gtest.h>

#include "server/train/random_tensors.h"

namespace ganserve {
namespace {

constexpr auto kResidual = NetworkBody::kResidual;
constexpr auto kNone = DiscriminatorNorm::kNone;
constexpr auto kBatch = DiscriminatorNorm::kBatch;
constexpr auto kSpectral = DiscriminatorNorm::kSpectral;

class NetworkShapesTest : public testing::TestWithParam<NetworkShape> {};

torch::Tensor Labels(const NetworkShape& shape, int64_t count) {
  return shape.classes > 0 ? torch::arange(count, torch::kInt64).remainder(shape.classes) : torch::Tensor();
}

TEST_P(NetworkShapesTest, GeneratorMakesImagesInRangeFromBothFormsOfLatents) {
  const NetworkShape shape = GetParam();
  const auto generator = MakeGenerator(shape);
  const torch::Tensor z = torch::ones({3, shape.latent_size});
  const torch::Tensor images = generator->forward(z, Labels(shape, 3));
  EXPECT_EQ(images.sizes(), (std::vector<int64_t>{3, shape.channels, shape.image_size, shape.image_size}));
  EXPECT_LE(images.abs().max().item<float>(), 1.0F);
  generator->eval();
  EXPECT_TRUE(generator->forward(z, Labels(shape, 3))
                  .equal(generator->forward(z.view({3, shape.latent_size, 1, 1}), Labels(shape, 3))));
}

TEST_P(NetworkShapesTest, DiscriminatorMakesOneLogitAnImage) {
  const NetworkShape shape = GetParam();
  const auto discriminator = MakeDiscriminator(shape);
  const torch::Tensor images = torch::zeros({3, shape.channels, shape.image_size, shape.image_size});
  EXPECT_EQ(discriminator->forward(images, Labels(shape, 3)).sizes(), (std::vector<int64_t>{3}));
}

TEST_P(NetworkShapesTest, ADiscriminatorThatSeesNoBatchesJudgesEachImageByItself) {
  const NetworkShape shape = GetParam();
  const auto discriminator = MakeDiscriminator(shape);
  InitializeWeights(*discriminator, 1);
  const torch::NoGradGuard no_grad;
  const torch::Tensor images = NormalLatents(1, 4, int64_t{shape.channels} * shape.image_size * shape.image_size)
                                   .view({4, shape.channels, shape.image_size, shape.image_size});
  const torch::Tensor labels = Labels(shape, 4);
  const torch::Tensor together = discriminator->forward(images, labels);
  const torch::Tensor alone =
      discriminator->forward(images.slice(0, 0, 2), labels.defined() ? labels.slice(0, 0, 2) : labels);
  EXPECT_EQ(torch::allclose(together.slice(0, 0, 2), alone, 1e-4, 1e-6), !discriminator->sees_batches());
}

INSTANTIATE_TEST_SUITE_P(Shapes, NetworkShapesTest,
                         testing::Values(NetworkShape{32, 1, 4, 100}, NetworkShape{32, 3, 8, 100},
                                         NetworkShape{64, 3, 4, 10}, NetworkShape{128, 1, 2, 7},
                                         NetworkShape{32, 1, 4, 10, 3, NetworkBody::kDcgan, kBatch},
                                         NetworkShape{32, 1, 4, 10, 3, NetworkBody::kDcgan, kSpectral},
                                         NetworkShape{64, 3, 4, 10, 0, NetworkBody::kDcgan, kNone},
                                         NetworkShape{32, 1, 2, 10, 0, kResidual, kNone},
                                         NetworkShape{64, 3, 2, 10, 3, kResidual, kSpectral},
                                         NetworkShape{128, 1, 1, 10, 0, kResidual, kSpectral}));

int64_t Parameters(const torch::nn::Module& module) {
  int64_t count = 0;
  for (const auto& parameter : module.parameters()) count += parameter.numel();
  return count;
}

TEST(NetworksTest, TheReferenceHasItsWidths) {
  const int64_t convolutions = 16 * (100 * 256 + 256 * 128 + 128 * 64 + 64 * 3);
  EXPECT_EQ(Parameters(*MakeGenerator({32, 3, 64, 100})), convolutions + 2 * (256 + 128 + 64));
  const int64_t downsampling = 16 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512);
  EXPECT_EQ(Parameters(*MakeDiscriminator({32, 3, 64, 100})), downsampling + 2 * (128 + 256 + 512) + 512 * 2 * 2 + 1);
}

TEST(NetworksTest, ClassesAddInputsToTheGeneratorAndARowToTheDiscriminatorForEach) {
  const NetworkShape without{32, 1, 8, 100};
  NetworkShape with = without;
  with.classes = 10;
  EXPECT_EQ(Parameters(*MakeGenerator(with)) - Parameters(*MakeGenerator(without)), 10 * 16 * (4 * 8));
  EXPECT_EQ(Parameters(*MakeDiscriminator(with)) - Parameters(*MakeDiscriminator(without)), 10 * (8 * 8 * 2 * 2));
}

TEST(NetworksTest, TheClassChangesTheImageAndTheJudgement) {
  const NetworkShape shape{32, 1, 4, 10, 3, NetworkBody::kDcgan, kSpectral};
  const auto generator = MakeGenerator(shape);
  const auto discriminator = MakeDiscriminator(shape);
  InitializeWeights(*generator, 1);
  InitializeWeights(*discriminator, 1);
  generator->eval();
  const torch::Tensor labels = torch::arange(3, torch::kInt64);
  const torch::Tensor images = generator->forward(NormalLatents(1, 1, 10).expand({3, 10}), labels);
  EXPECT_FALSE(images[0].equal(images[1]));
  const torch::Tensor logits = discriminator->forward(images[0].expand({3, 1, 32, 32}), labels);
  EXPECT_NE(logits[0].item<float>(), logits[1].item<float>());
}

TEST(NetworksTest, RefusesLatentsOfAnotherLength) {
  EXPECT_THROW(MakeGenerator({32, 1, 4, 100})->forward(torch::zeros({2, 50}), {}), c10::Error);
}

TEST(NetworksTest, InitialWeightsHaveTheirDistribution) {
  const auto generator = MakeGenerator({32, 3, 16, 100});
  InitializeWeights(*generator, 5);
  const torch::Tensor weight = generator->named_parameters()["conv1.weight"];
  EXPECT_NEAR(weight.mean().item<double>(), 0, 1e-3);
  EXPECT_NEAR(weight.std().item<double>(), 0.02, 1e-3);
  const torch::Tensor norm = BatchNorms(*generator)[0]->weight;
  EXPECT_NEAR(norm.mean().item<double>(), 1, 0.01);
  EXPECT_NEAR(norm.std().item<double>(), 0.02, 0.01);
  EXPECT_TRUE(BatchNorms(*generator)[0]->bias.eq(0).all().item<bool>());
}

TEST(NetworksTest, InitialWeightsDependOnTheSeedAndNotOnTorchsOwn) {
  const auto weights = [](uint64_t torch_seed, uint64_t seed) {
    torch::manual_seed(torch_seed);
    const auto discriminator = MakeDiscriminator({32, 1, 4, 100, 0, NetworkBody::kDcgan, kSpectral});
    InitializeWeights(*discriminator, seed);
    return torch::nn::utils::parameters_to_vector(discriminator->parameters()).detach();
  };
  EXPECT_TRUE(weights(1, 5).equal(weights(2, 5)));
  EXPECT_FALSE(weights(1, 5).equal(weights(1, 6)));
}

}  // namespace
}  // namespace ganserve
