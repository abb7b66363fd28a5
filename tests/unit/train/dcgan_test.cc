#include "server/train/dcgan.h"

#include <gmock/gmock.h>

#include <cmath>

namespace ganserve {
namespace {

constexpr NetworkShape kSmall{32, 1, 4, 8};

DcganOptions Options(double learning_rate, double ema_decay, uint64_t seed) {
  const AdamSettings adam{learning_rate, 0.5, 0.999};
  return {kSmall, adam, adam, ema_decay, seed};
}

torch::Tensor Weights(const torch::nn::Module& module) {
  return torch::nn::utils::parameters_to_vector(module.parameters()).detach().clone();
}

torch::Tensor Images(int64_t count) { return NormalLatents(77, count, 32 * 32).tanh().view({count, 1, 32, 32}); }

void Steps(Dcgan& gan, int first, int count) {
  for (int i = first; i < first + count; ++i) gan.Step(Images(8), NormalLatents(static_cast<uint64_t>(i), 8, 8));
}

TEST(DcganTest, AStepMovesBothNetworksAndReportsTheirLosses) {
  Dcgan gan(Options(2e-4, 0, 1));
  const torch::Tensor generator = Weights(*gan.generator());
  const torch::Tensor discriminator = Weights(*gan.discriminator());
  Steps(gan, 0, 1);
  EXPECT_FALSE(generator.equal(Weights(*gan.generator())));
  EXPECT_FALSE(discriminator.equal(Weights(*gan.discriminator())));
  const Dcgan::Losses losses = gan.TakeLosses();
  // Near 2 ln 2 and ln 2, where networks that know nothing start.
  EXPECT_NEAR(losses.discriminator, 2 * std::log(2.0), 0.7);
  EXPECT_GT(losses.generator, 0.2);
  EXPECT_TRUE(std::isnan(gan.TakeLosses().generator)) << "losses are taken once";
}

TEST(DcganTest, GradientsReachEveryWeightOfTheGenerator) {
  Dcgan gan(Options(2e-4, 0, 1));
  Steps(gan, 0, 1);
  for (const auto& parameter : gan.generator()->named_parameters()) {
    ASSERT_TRUE(parameter.value().grad().defined()) << parameter.key();
    EXPECT_GT(parameter.value().grad().abs().max().item<double>(), 0) << parameter.key();
  }
}

// The discriminator's gradients after a whole step are those of its own loss: the generator's step adds nothing to
// them.
TEST(DcganTest, GeneratorsStepLeavesNoGradientsInTheDiscriminator) {
  Dcgan gan(Options(0.0, 0, 1));  // a learning rate of 0 keeps the weights where the reference computes
  Dcgan reference(Options(0.0, 0, 1));
  Steps(gan, 0, 1);
  const torch::Tensor fake = reference.generator()->forward(NormalLatents(0, 8, 8)).detach();
  auto discriminator = reference.discriminator();
  (torch::binary_cross_entropy_with_logits(discriminator->forward(Images(8)), torch::ones({8})) +
   torch::binary_cross_entropy_with_logits(discriminator->forward(fake), torch::zeros({8})))
      .backward();
  const auto got = gan.discriminator()->parameters();
  const auto expected = discriminator->parameters();
  for (size_t i = 0; i < got.size(); ++i) {
    EXPECT_TRUE(torch::allclose(got[i].grad(), expected[i].grad(), 1e-3, 1e-6)) << i;
    EXPECT_TRUE(got[i].requires_grad()) << i;
  }
}

TEST(DcganTest, TheSameSeedGivesTheSameWeightsAndAnotherSeedOthers) {
  torch::set_num_threads(1);
  const auto train = [](uint64_t seed) {
    Dcgan gan(Options(2e-4, 0.9, seed));
    Steps(gan, 0, 4);
    return Weights(*gan.generator());
  };
  EXPECT_TRUE(train(1).equal(train(1)));
  EXPECT_FALSE(train(1).equal(train(2)));
}

TEST(DcganTest, GoesOnFromACheckpointAsIfItHadNeverStopped) {
  torch::set_num_threads(1);
  Dcgan whole(Options(2e-4, 0.9, 1));
  Steps(whole, 0, 6);
  Dcgan first(Options(2e-4, 0.9, 1));
  Steps(first, 0, 3);
  const auto checkpoint = first.Save();
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  Dcgan second(Options(2e-4, 0.9, 2));  // another seed: everything must come from the file
  ASSERT_TRUE(second.Load(*checkpoint).ok());
  Steps(second, 3, 3);
  EXPECT_TRUE(Weights(*whole.generator()).equal(Weights(*second.generator())));
  EXPECT_TRUE(Weights(*whole.discriminator()).equal(Weights(*second.discriminator())));
  const torch::Tensor z = NormalLatents(9, 4, 8);
  EXPECT_TRUE(whole.AveragedGenerator(1)->forward(z).equal(second.AveragedGenerator(1)->forward(z)));
  const Dcgan::Losses expected = whole.TakeLosses();
  const Dcgan::Losses got = second.TakeLosses();
  EXPECT_EQ(expected.discriminator, got.discriminator) << "the sums of the report are part of a checkpoint";
  EXPECT_EQ(expected.generator_gradient_norm, got.generator_gradient_norm);
}

TEST(DcganTest, EqualStatesAreEqualBytes) {
  torch::set_num_threads(1);
  const auto bytes = [](const Dcgan& gan) { return gan.Save().value(); };
  Dcgan whole(Options(2e-4, 0.9, 1));
  Dcgan first(Options(2e-4, 0.9, 1));
  EXPECT_TRUE(bytes(whole) == bytes(first)) << "before the first step";
  Steps(whole, 0, 4);
  Steps(first, 0, 2);
  Dcgan second(Options(2e-4, 0.9, 1));
  ASSERT_TRUE(second.Load(bytes(first)).ok());
  EXPECT_TRUE(bytes(second) == bytes(first));
  Steps(second, 2, 2);
  EXPECT_TRUE(bytes(second) == bytes(whole));
  EXPECT_FALSE(bytes(second) == bytes(first));
}

TEST(DcganTest, EachNetworkHasItsOwnOptimiser) {
  torch::set_num_threads(1);
  const auto train = [](const AdamSettings& generator, const AdamSettings& discriminator) {
    Dcgan gan({kSmall, generator, discriminator, 0, 1});
    Steps(gan, 0, 2);
    return std::pair(Weights(*gan.generator()), Weights(*gan.discriminator()));
  };
  const AdamSettings still{0, 0.5, 0.999};
  const AdamSettings moving{2e-4, 0.5, 0.999};
  const auto [start_generator, start_discriminator] = train(still, still);
  const auto [still_generator, moved_discriminator] = train(still, moving);
  EXPECT_TRUE(still_generator.equal(start_generator));
  EXPECT_FALSE(moved_discriminator.equal(start_discriminator));
  const auto [moved_generator, still_discriminator] = train(moving, still);
  EXPECT_FALSE(moved_generator.equal(start_generator));
  EXPECT_TRUE(still_discriminator.equal(start_discriminator));
  EXPECT_FALSE(train({2e-4, 0, 0.999}, still).first.equal(moved_generator)) << "beta1";
  EXPECT_FALSE(train({2e-4, 0.5, 0.9}, still).first.equal(moved_generator)) << "beta2";
}

TEST(DcganTest, RefusesAFileThatIsNoCheckpoint) {
  Dcgan gan(Options(2e-4, 0.9, 1));
  EXPECT_EQ(gan.Load("not a checkpoint").code(), absl::StatusCode::kDataLoss);
}

TEST(DcganTest, EachRollbackHalvesTheLearningRateAndACheckpointKeepsThat) {
  Dcgan gan(Options(8e-4, 0.9, 1));
  gan.SetRollbacks(2);
  EXPECT_EQ(gan.learning_rate_factor(), 0.25);
  const auto checkpoint = gan.Save();
  Dcgan slow(Options(2e-4, 0.9, 1));
  Dcgan loaded(Options(8e-4, 0.9, 1));
  ASSERT_TRUE(loaded.Load(*checkpoint).ok());
  EXPECT_EQ(loaded.rollbacks(), 2);
  Steps(slow, 0, 2);
  Steps(loaded, 0, 2);
  EXPECT_TRUE(Weights(*slow.generator()).equal(Weights(*loaded.generator())));
}

TEST(DcganTest, NoticesNaNInImagesAndInWeights) {
  Dcgan gan(Options(2e-4, 0, 1));
  Steps(gan, 0, 1);
  EXPECT_TRUE(gan.sound());
  torch::Tensor images = Images(8);
  images[3][0][4][4] = std::nan("");
  gan.Step(images, NormalLatents(1, 8, 8));
  EXPECT_FALSE(gan.sound());

  Dcgan large(Options(1e38, 0, 1));  // finite losses and gradients, but the update throws the weights out of range
  Steps(large, 0, 1);
  EXPECT_FALSE(large.sound());
}

TEST(DcganTest, MeasuresScoresAndGradientNorms) {
  Dcgan gan(Options(2e-4, 0, 1));
  Steps(gan, 0, 1);
  double squares = 0;
  for (const auto& parameter : gan.generator()->parameters()) squares += parameter.grad().square().sum().item<double>();
  const Dcgan::Losses losses = gan.TakeLosses();
  EXPECT_NEAR(losses.generator_gradient_norm, std::sqrt(squares), 1e-4 * std::sqrt(squares));
  EXPECT_GT(losses.discriminator_gradient_norm, 0);
  EXPECT_NEAR(losses.real_score, 0.5, 0.3);
  EXPECT_NEAR(losses.fake_score, 0.5, 0.3);
}

TEST(DcganTest, WithoutDecayTheAverageIsTheTrainedGenerator) {
  Dcgan gan(Options(2e-4, 0, 1));
  Steps(gan, 0, 3);
  EXPECT_TRUE(Weights(*gan.AveragedGenerator(1)).equal(Weights(*gan.generator())));
}

TEST(DcganTest, AverageLagsBehindTheTrainedGenerator) {
  Dcgan gan(Options(1e-2, 0.999, 1));
  const torch::Tensor initial = Weights(*gan.generator());
  Steps(gan, 0, 5);
  const double moved = (Weights(*gan.generator()) - initial).norm().item<double>();
  const double averaged = (Weights(*gan.AveragedGenerator(1)) - initial).norm().item<double>();
  EXPECT_GT(averaged, 0);
  EXPECT_LT(averaged, moved);
}

TEST(DcganTest, AveragedGeneratorsNormStatisticsFitItsOwnActivations) {
  Dcgan gan(Options(1e-2, 0.9, 1));
  Steps(gan, 0, 3);
  DcganGenerator generator = gan.AveragedGenerator(1);
  EXPECT_FALSE(generator->is_training());
  const torch::Tensor first = generator->convolutions()[0]->weight;
  const torch::Tensor z = NormalLatents(123, 4096, 8).view({4096, 8, 1, 1});
  const torch::Tensor activations = torch::conv_transpose2d(z, first);
  const torch::Tensor variance = activations.var({0, 2, 3});
  EXPECT_TRUE(torch::allclose(generator->norms()[0]->running_var, variance, 0.15, 0));
}

}  // namespace
}  // namespace ganserve
