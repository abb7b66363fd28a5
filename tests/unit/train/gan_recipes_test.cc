// What holds for every recipe, and what each setting does to a step.
#include <gmock/gmock.h>

#include <cmath>

#include "server/train/gan.h"
#include "server/train/gradient_penalty.h"
#include "server/train/losses.h"
#include "server/train/random_tensors.h"
#include "tests/unit/train/recipes.h"

namespace ganserve {
namespace {

class RecipeTest : public testing::TestWithParam<Recipe> {
 protected:
  RecipeTest() { torch::set_num_threads(1); }
};

TEST_P(RecipeTest, GoesOnFromACheckpointBitForBit) {
  const GanSettings settings = SettingsOf(GetParam());
  Gan whole(settings);
  Steps(whole, settings, 0, 7);
  Gan first(settings);
  Steps(first, settings, 0, 4);
  Gan second(settings);
  ASSERT_EQ(second.Load(first.Save().value()), absl::OkStatus());
  Steps(second, settings, 4, 3);
  EXPECT_TRUE(second.Save().value() == whole.Save().value());
  EXPECT_EQ(second.TakeLosses().discriminator, whole.TakeLosses().discriminator);
}

TEST_P(RecipeTest, MovesEveryWeightOfBothNetworks) {
  const GanSettings settings = SettingsOf(GetParam());
  Gan gan(settings);
  const torch::Tensor generator = Weights(gan.generator());
  const torch::Tensor discriminator = Weights(gan.discriminator());
  Steps(gan, settings, 0, 3);
  EXPECT_TRUE(gan.sound());
  for (const torch::nn::Module* network :
       {static_cast<torch::nn::Module*>(&gan.generator()), static_cast<torch::nn::Module*>(&gan.discriminator())}) {
    for (const auto& parameter : network->named_parameters()) {
      ASSERT_TRUE(parameter.value().grad().defined()) << parameter.key();
    }
  }
  EXPECT_GT((Weights(gan.generator()) - generator).ne(0).to(torch::kFloat).mean().item<float>(), 0.9);
  EXPECT_GT((Weights(gan.discriminator()) - discriminator).ne(0).to(torch::kFloat).mean().item<float>(), 0.9);
}

TEST_P(RecipeTest, MakesImagesInRange) {
  const GanSettings settings = SettingsOf(GetParam());
  Gan gan(settings);
  Steps(gan, settings, 0, 3);
  const torch::NoGradGuard no_grad;
  const torch::Tensor images = gan.AveragedGenerator(1)->forward(NormalLatents(5, 6, 8), Batch(settings, 0).labels);
  EXPECT_LE(images.abs().max().item<float>(), 1);
  EXPECT_GT(images.std().item<float>(), 0);
}

INSTANTIATE_TEST_SUITE_P(All, RecipeTest, testing::ValuesIn(kRecipes), NameOf);

TEST(GanRecipesTest, UpdatesTheGeneratorInEverySoManyStepsAlone) {
  GanSettings settings = Classic();
  settings.discriminator_steps = 3;
  Gan gan(settings);
  const torch::Tensor start = Weights(gan.generator());
  Steps(gan, settings, 0, 2);
  EXPECT_TRUE(Weights(gan.generator()).equal(start));
  EXPECT_EQ(gan.TakeLosses().generator, 0) << "it has had no update";
  Steps(gan, settings, 2, 1);
  EXPECT_FALSE(Weights(gan.generator()).equal(start));
  const double loss = gan.TakeLosses().generator;
  EXPECT_GT(loss, 0);
  Steps(gan, settings, 3, 1);
  EXPECT_EQ(gan.TakeLosses().generator, loss) << "of its last update";
}

TEST(GanRecipesTest, TheLearningRateFactorOfABatchScalesBothNetworksSteps) {
  GanSettings settings = Classic();
  Gan factored(settings);
  GanBatch batch = Batch(settings, 0);
  batch.learning_rate_factor = 0.25;
  factored.Step(batch);
  settings.generator_adam.learning_rate *= 0.25;
  settings.discriminator_adam.learning_rate *= 0.25;
  Gan slower(settings);
  Steps(slower, settings, 0, 1);
  EXPECT_TRUE(Weights(factored.generator()).equal(Weights(slower.generator())));
  EXPECT_TRUE(Weights(factored.discriminator()).equal(Weights(slower.discriminator())));
}

// The discriminator's gradients after a step are those of the loss and the penalties, computed here from the outside.
TEST(GanRecipesTest, PenaltiesCountEverySoManyStepsThatManyTimes) {
  GanSettings settings = Classic();
  settings.shape.discriminator_norm = DiscriminatorNorm::kNone;
  settings.penalties = {0, 0.5, 0.25, 4};
  settings.discriminator_adam.learning_rate = 0;  // the weights stay where the reference computes
  settings.generator_adam.learning_rate = 0;
  Gan gan(settings);
  Gan reference(settings);
  for (int step = 0; step < 2; ++step) {
    const GanBatch batch = Batch(settings, step);
    gan.Step(batch);
    const torch::Tensor real = batch.real.clone().set_requires_grad(true);
    const torch::Tensor fake = reference.generator().forward(batch.z, {}).detach().set_requires_grad(true);
    const torch::Tensor real_logits = reference.discriminator().forward(real, {});
    const torch::Tensor fake_logits = reference.discriminator().forward(fake, {});
    torch::Tensor loss = DiscriminatorLoss(settings.loss, real_logits, fake_logits, 0);
    if (step == 0) {
      loss = loss + 4 * (0.5 * ZeroPenalty(ImageGradients(real_logits, real)) +
                         0.25 * ZeroPenalty(ImageGradients(fake_logits, fake)));
    }
    reference.discriminator().zero_grad();
    loss.backward();
    const auto got = gan.discriminator().parameters();
    const auto expected = reference.discriminator().parameters();
    for (size_t i = 0; i < got.size(); ++i) {
      EXPECT_TRUE(torch::allclose(got[i].grad(), expected[i].grad(), 1e-3, 1e-6)) << step << " " << i;
    }
  }
}

TEST(GanRecipesTest, OnePassOverBothKindsJudgesAsTwoPassesDo) {
  GanSettings settings = Classic();
  settings.shape.discriminator_norm = DiscriminatorNorm::kSpectral;
  settings.shape.classes = 3;
  Gan gan(settings);
  const GanBatch batch = Batch(settings, 0);
  const torch::NoGradGuard no_grad;
  const torch::Tensor other = batch.real.flip(0);
  const torch::Tensor together =
      gan.discriminator().forward(torch::cat({batch.real, other}), torch::cat({batch.labels, batch.labels}));
  EXPECT_TRUE(
      torch::allclose(together.slice(0, 0, 6), gan.discriminator().forward(batch.real, batch.labels), 1e-4, 1e-6));
  EXPECT_TRUE(torch::allclose(together.slice(0, 6, 12), gan.discriminator().forward(other, batch.labels), 1e-4, 1e-6));
}

TEST(GanRecipesTest, ACheckpointKnowsItsClasses) {
  GanSettings settings = SettingsOf(kRecipes[2]);
  EXPECT_EQ(Gan::ClassesOf(Gan(settings).Save().value())->count, 3);
  EXPECT_THAT(Gan::ClassesOf(Gan(settings).Save().value())->names, testing::IsEmpty());
  settings.class_names = {"shoe", "bag", ""};
  EXPECT_THAT(Gan::ClassesOf(Gan(settings).Save().value())->names, testing::ElementsAre("shoe", "bag", ""));
  EXPECT_EQ(Gan::ClassesOf("not a checkpoint").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Gan(Classic()).Load(Gan(settings).Save().value()).code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace ganserve
