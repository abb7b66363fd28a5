#include "server/train/gan.h"

#include <gmock/gmock.h>

#include <cmath>
#include <set>
#include <sstream>
#include <string>

#include "server/train/archive_values.h"
#include "server/train/random_tensors.h"

namespace ganserve {
namespace {

constexpr NetworkShape kSmall{32, 1, 4, 8};

GanSettings Settings(double learning_rate, double ema_decay, uint64_t seed) {
  GanSettings settings;
  settings.shape = kSmall;
  settings.generator_adam.learning_rate = learning_rate;
  settings.discriminator_adam.learning_rate = learning_rate;
  settings.ema_decay = ema_decay;
  settings.seed = seed;
  return settings;
}

torch::Tensor Weights(const torch::nn::Module& module) {
  std::vector<torch::Tensor> parts;
  for (const torch::Tensor& parameter : module.parameters()) parts.push_back(parameter.detach().reshape(-1));
  return torch::cat(parts);
}

torch::Tensor Images(int64_t count) { return NormalLatents(77, count, 32 * 32).tanh().view({count, 1, 32, 32}); }

GanBatch Batch(int step) { return {Images(8), {}, NormalLatents(static_cast<uint64_t>(step), 8, 8)}; }

void Steps(Gan& gan, int first, int count) {
  for (int i = first; i < first + count; ++i) gan.Step(Batch(i));
}

TEST(GanTest, AStepMovesBothNetworksAndReportsTheirLosses) {
  Gan gan(Settings(2e-4, 0, 1));
  const torch::Tensor generator = Weights(gan.generator());
  const torch::Tensor discriminator = Weights(gan.discriminator());
  Steps(gan, 0, 1);
  EXPECT_FALSE(generator.equal(Weights(gan.generator())));
  EXPECT_FALSE(discriminator.equal(Weights(gan.discriminator())));
  const LossSums::Means losses = gan.TakeLosses();
  // Near 2 ln 2 and ln 2, where networks that know nothing start.
  EXPECT_NEAR(losses.discriminator, 2 * std::log(2.0), 0.7);
  EXPECT_GT(losses.generator, 0.2);
  EXPECT_TRUE(std::isnan(gan.TakeLosses().discriminator)) << "losses are taken once";
}

TEST(GanTest, GradientsReachEveryWeightOfTheGenerator) {
  Gan gan(Settings(2e-4, 0, 1));
  Steps(gan, 0, 1);
  for (const auto& parameter : gan.generator().named_parameters()) {
    ASSERT_TRUE(parameter.value().grad().defined()) << parameter.key();
    EXPECT_GT(parameter.value().grad().abs().max().item<double>(), 0) << parameter.key();
  }
}

// The discriminator's gradients after a whole step are those of its own loss: the generator's step adds nothing to
// them.
TEST(GanTest, GeneratorsStepLeavesNoGradientsInTheDiscriminator) {
  Gan gan(Settings(0.0, 0, 1));  // a learning rate of 0 keeps the weights where the reference computes
  Gan reference(Settings(0.0, 0, 1));
  Steps(gan, 0, 1);
  const torch::Tensor fake = reference.generator().forward(NormalLatents(0, 8, 8), {}).detach();
  DiscriminatorNetwork& discriminator = reference.discriminator();
  (torch::binary_cross_entropy_with_logits(discriminator.forward(Images(8), {}), torch::ones({8})) +
   torch::binary_cross_entropy_with_logits(discriminator.forward(fake, {}), torch::zeros({8})))
      .backward();
  const auto got = gan.discriminator().parameters();
  const auto expected = discriminator.parameters();
  for (size_t i = 0; i < got.size(); ++i) {
    EXPECT_TRUE(torch::allclose(got[i].grad(), expected[i].grad(), 1e-3, 1e-6)) << i;
    EXPECT_TRUE(got[i].requires_grad()) << i;
  }
}

TEST(GanTest, TheSameSeedGivesTheSameWeightsAndAnotherSeedOthers) {
  torch::set_num_threads(1);
  const auto train = [](uint64_t seed) {
    Gan gan(Settings(2e-4, 0.9, seed));
    Steps(gan, 0, 4);
    return Weights(gan.generator());
  };
  EXPECT_TRUE(train(1).equal(train(1)));
  EXPECT_FALSE(train(1).equal(train(2)));
}

TEST(GanTest, GoesOnFromACheckpointAsIfItHadNeverStopped) {
  torch::set_num_threads(1);
  Gan whole(Settings(2e-4, 0.9, 1));
  Steps(whole, 0, 6);
  Gan first(Settings(2e-4, 0.9, 1));
  Steps(first, 0, 3);
  const auto checkpoint = first.Save();
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  Gan second(Settings(2e-4, 0.9, 2));  // another seed: everything must come from the file
  ASSERT_TRUE(second.Load(*checkpoint).ok());
  Steps(second, 3, 3);
  EXPECT_TRUE(Weights(whole.generator()).equal(Weights(second.generator())));
  EXPECT_TRUE(Weights(whole.discriminator()).equal(Weights(second.discriminator())));
  const torch::Tensor z = NormalLatents(9, 4, 8);
  EXPECT_TRUE(whole.AveragedGenerator(1)->forward(z, {}).equal(second.AveragedGenerator(1)->forward(z, {})));
  const LossSums::Means expected = whole.TakeLosses();
  const LossSums::Means got = second.TakeLosses();
  EXPECT_EQ(expected.discriminator, got.discriminator) << "the sums of the report are part of a checkpoint";
  EXPECT_EQ(expected.generator_gradient_norm, got.generator_gradient_norm);
}

TEST(GanTest, EqualStatesAreEqualBytes) {
  torch::set_num_threads(1);
  const auto bytes = [](const Gan& gan) { return gan.Save().value(); };
  Gan whole(Settings(2e-4, 0.9, 1));
  Gan first(Settings(2e-4, 0.9, 1));
  EXPECT_TRUE(bytes(whole) == bytes(first)) << "before the first step";
  Steps(whole, 0, 4);
  Steps(first, 0, 2);
  Gan second(Settings(2e-4, 0.9, 1));
  ASSERT_TRUE(second.Load(bytes(first)).ok());
  EXPECT_TRUE(bytes(second) == bytes(first));
  Steps(second, 2, 2);
  EXPECT_TRUE(bytes(second) == bytes(whole));
  EXPECT_FALSE(bytes(second) == bytes(first));
}

TEST(GanTest, EachNetworkHasItsOwnOptimiser) {
  torch::set_num_threads(1);
  const auto train = [](const AdamSettings& generator, const AdamSettings& discriminator) {
    GanSettings settings = Settings(0, 0, 1);
    settings.generator_adam = generator;
    settings.discriminator_adam = discriminator;
    Gan gan(settings);
    Steps(gan, 0, 2);
    return std::pair(Weights(gan.generator()), Weights(gan.discriminator()));
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

TEST(GanTest, RefusesAFileThatIsNoCheckpoint) {
  Gan gan(Settings(2e-4, 0.9, 1));
  EXPECT_EQ(gan.Load("not a checkpoint").code(), absl::StatusCode::kDataLoss);
}

void CopyWithout(const std::set<std::string>& left_out, torch::serialize::InputArchive& from,
                 torch::serialize::OutputArchive& to) {
  for (const std::string& key : from.keys()) {
    if (left_out.contains(key)) continue;
    torch::serialize::InputArchive child;
    torch::IValue value;
    if (from.try_read(key, child)) {
      torch::serialize::OutputArchive copy;
      CopyWithout({}, child, copy);
      to.write(key, copy);
    } else if (from.read(key, value); value.isTensor()) {
      to.write(key, value.toTensor());
    } else {
      to.write(key, value);
    }
  }
}

TEST(GanTest, ReadsCheckpointsFromBeforeTheyHadAFormat) {
  Gan gan(Settings(2e-4, 0.9, 1));
  gan.SetData("digest");
  gan.Step(Batch(1));
  const torch::Tensor weights = Weights(gan.generator()).clone();
  const std::string checkpoint = gan.Save().value();
  torch::serialize::InputArchive now;
  now.load_from(checkpoint.data(), checkpoint.size());
  torch::serialize::OutputArchive before;
  CopyWithout({"format", "data"}, now, before);
  std::ostringstream bytes;
  before.save_to(bytes);
  gan.Step(Batch(2));
  const absl::Status status = gan.Load(bytes.str());
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(gan.data(), "");
  EXPECT_TRUE(Weights(gan.generator()).equal(weights));
}

TEST(GanTest, SaysThatACheckpointIsOfANewerVersion) {
  torch::serialize::OutputArchive newer;
  WriteInteger("format", 99, newer);
  std::ostringstream bytes;
  newer.save_to(bytes);
  Gan gan(Settings(2e-4, 0.9, 1));
  for (const absl::Status& status : {gan.Load(bytes.str()), Gan::ClassesOf(bytes.str()).status()}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr("format 99 of a newer version of ganserve"));
  }
}

TEST(GanTest, EachRollbackHalvesTheLearningRateAndACheckpointKeepsThat) {
  Gan gan(Settings(8e-4, 0.9, 1));
  gan.SetRollbacks(2);
  EXPECT_EQ(gan.rollback_factor(), 0.25);
  const auto checkpoint = gan.Save();
  Gan slow(Settings(2e-4, 0.9, 1));
  Gan loaded(Settings(8e-4, 0.9, 1));
  ASSERT_TRUE(loaded.Load(*checkpoint).ok());
  EXPECT_EQ(loaded.rollbacks(), 2);
  Steps(slow, 0, 2);
  Steps(loaded, 0, 2);
  EXPECT_TRUE(Weights(slow.generator()).equal(Weights(loaded.generator())));
}

TEST(GanTest, NoticesNaNInImagesAndInWeights) {
  Gan gan(Settings(2e-4, 0, 1));
  Steps(gan, 0, 1);
  EXPECT_TRUE(gan.sound());
  const GanBatch batch = Batch(1);
  batch.real[3][0][4][4] = std::nan("");
  gan.Step(batch);
  EXPECT_FALSE(gan.sound());

  Gan large(Settings(1e38, 0, 1));  // finite losses and gradients, but the update throws the weights out of range
  Steps(large, 0, 1);
  EXPECT_FALSE(large.sound());
}

TEST(GanTest, MeasuresScoresAndGradientNorms) {
  Gan gan(Settings(2e-4, 0, 1));
  Steps(gan, 0, 1);
  double squares = 0;
  for (const auto& parameter : gan.generator().parameters()) squares += parameter.grad().square().sum().item<double>();
  const LossSums::Means losses = gan.TakeLosses();
  EXPECT_NEAR(losses.generator_gradient_norm, std::sqrt(squares), 1e-4 * std::sqrt(squares));
  EXPECT_GT(losses.discriminator_gradient_norm, 0);
  EXPECT_NEAR(losses.real_score, 0.5, 0.3);
  EXPECT_NEAR(losses.fake_score, 0.5, 0.3);
}

TEST(GanTest, WithoutDecayTheAverageIsTheTrainedGenerator) {
  Gan gan(Settings(2e-4, 0, 1));
  Steps(gan, 0, 3);
  EXPECT_TRUE(Weights(*gan.AveragedGenerator(1)).equal(Weights(gan.generator())));
}

TEST(GanTest, AverageLagsBehindTheTrainedGenerator) {
  Gan gan(Settings(1e-2, 0.999, 1));
  const torch::Tensor initial = Weights(gan.generator());
  Steps(gan, 0, 5);
  const double moved = (Weights(gan.generator()) - initial).norm().item<double>();
  const double averaged = (Weights(*gan.AveragedGenerator(1)) - initial).norm().item<double>();
  EXPECT_GT(averaged, 0);
  EXPECT_LT(averaged, moved);
}

TEST(GanTest, AveragedGeneratorsNormStatisticsFitItsOwnActivations) {
  Gan gan(Settings(1e-2, 0.9, 1));
  Steps(gan, 0, 3);
  const auto generator = gan.AveragedGenerator(1);
  EXPECT_FALSE(generator->is_training());
  const torch::Tensor first = generator->named_parameters()["conv0.weight"];
  const torch::Tensor z = NormalLatents(123, 4096, 8).view({4096, 8, 1, 1});
  const torch::Tensor activations = torch::conv_transpose2d(z, first);
  const torch::Tensor variance = activations.var({0, 2, 3});
  EXPECT_TRUE(torch::allclose(BatchNorms(*generator)[0]->running_var, variance, 0.15, 0));
}

}  // namespace
}  // namespace ganserve
