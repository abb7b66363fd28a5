#include "server/train/networks.h"

#include <gtest/gtest.h>

namespace ganserve {
namespace {

class NetworkShapesTest : public testing::TestWithParam<NetworkShape> {};

TEST_P(NetworkShapesTest, GeneratorMakesImagesInRangeFromBothFormsOfLatents) {
  const NetworkShape shape = GetParam();
  DcganGenerator generator(shape);
  const torch::Tensor z = torch::ones({3, shape.latent_size});
  const torch::Tensor images = generator->forward(z);
  EXPECT_EQ(images.sizes(), (std::vector<int64_t>{3, shape.channels, shape.image_size, shape.image_size}));
  EXPECT_LE(images.abs().max().item<float>(), 1.0F);
  generator->eval();
  EXPECT_TRUE(generator->forward(z).equal(generator->forward(z.view({3, shape.latent_size, 1, 1}))));
}

TEST_P(NetworkShapesTest, DiscriminatorMakesOneLogitAnImage) {
  const NetworkShape shape = GetParam();
  DcganDiscriminator discriminator(shape);
  const torch::Tensor images = torch::zeros({3, shape.channels, shape.image_size, shape.image_size});
  EXPECT_EQ(discriminator->forward(images).sizes(), (std::vector<int64_t>{3}));
}

INSTANTIATE_TEST_SUITE_P(SizesAndChannels, NetworkShapesTest,
                         testing::Values(NetworkShape{32, 1, 4, 100}, NetworkShape{32, 3, 8, 100},
                                         NetworkShape{64, 3, 4, 10}, NetworkShape{128, 1, 2, 7},
                                         NetworkShape{128, 3, 2, 100}));

int64_t Parameters(const torch::nn::Module& module) {
  int64_t count = 0;
  for (const auto& parameter : module.parameters()) count += parameter.numel();
  return count;
}

TEST(NetworksTest, TheReferenceHasItsWidths) {
  DcganGenerator generator(NetworkShape{32, 3, 64, 100});
  const int64_t convolutions = 16 * (100 * 256 + 256 * 128 + 128 * 64 + 64 * 3);
  EXPECT_EQ(Parameters(*generator), convolutions + 2 * (256 + 128 + 64));
  DcganDiscriminator discriminator(NetworkShape{32, 3, 64, 100});
  const int64_t downsampling = 16 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512);
  EXPECT_EQ(Parameters(*discriminator), downsampling + 2 * (128 + 256 + 512) + 512 * 2 * 2 + 1);
}

TEST(NetworksTest, RefusesLatentsOfAnotherLength) {
  DcganGenerator generator(NetworkShape{32, 1, 4, 100});
  EXPECT_THROW(generator->forward(torch::zeros({2, 50})), c10::Error);
}

TEST(NetworksTest, InitialWeightsHaveTheirDistribution) {
  DcganGenerator generator(NetworkShape{32, 3, 16, 100});
  InitializeWeights(*generator, 5);
  const torch::Tensor weight = generator->convolutions()[1]->weight;
  EXPECT_NEAR(weight.mean().item<double>(), 0, 1e-3);
  EXPECT_NEAR(weight.std().item<double>(), 0.02, 1e-3);
  const torch::Tensor norm = generator->norms()[0]->weight;
  EXPECT_NEAR(norm.mean().item<double>(), 1, 0.01);
  EXPECT_NEAR(norm.std().item<double>(), 0.02, 0.01);
  EXPECT_TRUE(generator->norms()[0]->bias.eq(0).all().item<bool>());
}

TEST(NetworksTest, InitialWeightsDependOnTheSeedAndNotOnTorchsOwn) {
  const auto weights = [](uint64_t torch_seed, uint64_t seed) {
    torch::manual_seed(torch_seed);
    DcganDiscriminator discriminator(NetworkShape{32, 1, 4, 100});
    InitializeWeights(*discriminator, seed);
    return torch::nn::utils::parameters_to_vector(discriminator->parameters()).detach();
  };
  EXPECT_TRUE(weights(1, 5).equal(weights(2, 5)));
  EXPECT_FALSE(weights(1, 5).equal(weights(1, 6)));
}

}  // namespace
}  // namespace ganserve
