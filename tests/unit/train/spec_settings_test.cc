#include "server/train/spec_settings.h"

#include <gmock/gmock.h>

#include "proto/spec/train_spec_defaults.h"

namespace ganserve {
namespace {

using testing::AllOf;
using testing::HasSubstr;

v1::TrainSpec OnlyData() {
  v1::TrainSpec spec;
  spec.set_data("squares");
  return spec;
}

// But for the average, which the classic recipe of a spec has not.
TEST(SpecSettingsTest, TheSettingsOfTheClassicRecipeAreTheDefaults) {
  v1::TrainSpec spec = OnlyData();
  spec.set_recipe(v1::TRAIN_RECIPE_CLASSIC);
  const TrainSettings settings = SettingsOf(spec);
  const TrainSettings defaults;
  EXPECT_EQ(settings.data, "squares");
  EXPECT_EQ(settings.shape, defaults.shape);
  EXPECT_EQ(settings.batch_size, defaults.batch_size);
  EXPECT_EQ(settings.epochs, defaults.epochs);
  EXPECT_EQ(settings.steps, defaults.steps);
  EXPECT_EQ(settings.generator_adam, defaults.generator_adam);
  EXPECT_EQ(settings.discriminator_adam, defaults.discriminator_adam);
  EXPECT_EQ(settings.seed, defaults.seed);
  EXPECT_EQ(settings.ema_decay, 0);
  EXPECT_EQ(settings.loss, defaults.loss);
  EXPECT_EQ(settings.precision, defaults.precision);
  EXPECT_EQ(settings.penalties, defaults.penalties);
  EXPECT_EQ(settings.label_smoothing, defaults.label_smoothing);
  EXPECT_EQ(settings.discriminator_steps, defaults.discriminator_steps);
  EXPECT_EQ(settings.diff_augment, defaults.diff_augment);
  EXPECT_EQ(settings.conditioning, Conditioning::kNone);
  EXPECT_EQ(settings.final_learning_rate_factor, defaults.final_learning_rate_factor);
  EXPECT_EQ(settings.threads, defaults.threads);
  EXPECT_EQ(settings.memory_bytes, defaults.memory_bytes);
  EXPECT_EQ(settings.checkpoint_every_steps, defaults.checkpoint_every_steps);
  EXPECT_EQ(settings.sample_every_steps, defaults.sample_every_steps);
  EXPECT_EQ(settings.report_every_steps, defaults.report_every_steps);
  EXPECT_EQ(settings.kept_checkpoints, defaults.kept_checkpoints);
  EXPECT_EQ(settings.max_rollbacks, defaults.max_rollbacks);
}

TEST(SpecSettingsTest, TakesEveryFieldThatIsSet) {
  v1::TrainSpec spec = OnlyData();
  spec.set_image_size(64);
  spec.set_channels(3);
  spec.set_width(7);
  spec.set_latent_size(8);
  spec.set_batch_size(9);
  spec.set_steps(10);
  spec.mutable_augmentation()->set_flip_probability(0.25);
  spec.mutable_augmentation()->set_max_rotation_degrees(20);
  spec.mutable_augmentation()->set_max_crop_fraction(0.125);
  spec.mutable_generator_adam()->set_learning_rate(0.011);
  spec.mutable_generator_adam()->set_beta1(0.12);
  spec.mutable_discriminator_adam()->set_learning_rate(0.013);
  spec.mutable_discriminator_adam()->set_beta2(0.14);
  spec.mutable_generator_adam()->set_weight_decay(0.01);
  spec.set_gradient_clip_norm(2);
  spec.set_body(v1::TRAIN_BODY_RESIDUAL);
  spec.set_discriminator_norm(v1::DISCRIMINATOR_NORM_NONE);
  spec.set_loss(v1::TRAIN_LOSS_RELATIVISTIC);
  spec.set_conditioning(v1::TRAIN_CONDITIONING_CLASS);
  spec.set_gradient_penalty(0.5);
  spec.set_r1_penalty(0.25);
  spec.set_r2_penalty(0.125);
  spec.set_penalty_every_steps(3);
  spec.set_discriminator_steps(4);
  spec.mutable_diff_augment()->set_translation(true);
  spec.set_final_learning_rate_factor(0.75);
  spec.set_evaluate_every_steps(20);
  spec.set_evaluation_samples(300);
  spec.set_extractor("inception.pt");
  spec.set_precision(v1::TRAIN_PRECISION_BFLOAT16);
  spec.set_seed(18446744073709551615U);
  spec.set_ema_decay(0);
  spec.set_checkpoint_every_steps(15);
  spec.set_sample_every_steps(16);
  spec.set_report_every_steps(17);
  spec.set_kept_checkpoints(18);
  spec.set_max_rollbacks(0);
  spec.set_threads(19);
  spec.set_memory_limit_bytes(uint64_t{1} << 40);
  const TrainSettings settings = SettingsOf(spec);
  EXPECT_EQ(settings.shape, (NetworkShape{64, 3, 7, 8, 0, NetworkBody::kResidual, DiscriminatorNorm::kNone}));
  EXPECT_EQ(settings.loss, GanLoss::kRelativistic);
  EXPECT_EQ(settings.conditioning, Conditioning::kClass);
  EXPECT_EQ(settings.penalties, (PenaltySettings{0.5, 0.25, 0.125, 3}));
  EXPECT_EQ(settings.discriminator_steps, 4);
  EXPECT_EQ(settings.diff_augment, (DiffAugmentSettings{false, true, false}));
  EXPECT_EQ(settings.final_learning_rate_factor, 0.75);
  EXPECT_EQ(settings.evaluate_every_steps, 20U);
  EXPECT_EQ(settings.evaluation_samples, 300U);
  EXPECT_EQ(settings.extractor, "inception.pt");
  EXPECT_EQ(settings.precision, Precision::kBfloat16);
  EXPECT_EQ(settings.batch_size, 9);
  EXPECT_EQ(settings.steps, 10U);
  EXPECT_EQ(settings.augmentation, (AugmentationOptions{0.25, 20, 0.125}));
  EXPECT_EQ(settings.epochs, 0U);
  EXPECT_EQ(settings.generator_adam, (AdamSettings{0.011, 0.12, 0.999, 0.01, 2}));
  EXPECT_EQ(settings.discriminator_adam, (AdamSettings{0.013, 0.5, 0.14, 0, 2}));
  EXPECT_EQ(settings.seed, 18446744073709551615U);
  EXPECT_EQ(settings.ema_decay, 0);
  EXPECT_EQ(settings.checkpoint_every_steps, 15U);
  EXPECT_EQ(settings.sample_every_steps, 16U);
  EXPECT_EQ(settings.report_every_steps, 17U);
  EXPECT_EQ(settings.kept_checkpoints, 18U);
  EXPECT_EQ(settings.max_rollbacks, 0);
  EXPECT_EQ(settings.threads, 19);
  EXPECT_EQ(settings.memory_bytes, uint64_t{1} << 40);
}

TEST(SpecSettingsTest, AJobMayGoOnWithOtherLengthsAndCadences) {
  v1::TrainSpec now = OnlyData();
  now.set_steps(5);
  now.set_checkpoint_every_steps(1);
  now.set_sample_every_steps(1);
  now.set_report_every_steps(1);
  now.set_evaluate_every_steps(0);
  now.set_kept_checkpoints(1);
  now.set_max_rollbacks(1);
  now.set_threads(2);
  now.set_memory_limit_bytes(uint64_t{1} << 30);
  now.set_promote_to_model("squares");
  now.set_promote_only_if_not_worse(true);
  EXPECT_EQ(CheckResumable(OnlyData(), now), absl::OkStatus());
}

TEST(SpecSettingsTest, AJobWhoseLearningRatesFallTowardsItsEndKeepsItsLength) {
  v1::TrainSpec before = OnlyData();
  before.set_final_learning_rate_factor(0);
  v1::TrainSpec now = before;
  EXPECT_EQ(CheckResumable(before, now), absl::OkStatus());
  now.set_epochs(26);
  EXPECT_THAT(std::string(CheckResumable(before, now).message()), HasSubstr("epochs: 25 -> 26"));
}

TEST(SpecSettingsTest, AJobMayGoOnWithTheSameSettingsUnderAnotherRecipe) {
  v1::TrainSpec before = OnlyData();
  before.set_recipe(v1::TRAIN_RECIPE_CLASSIC);
  v1::TrainSpec now = ResolveTrainSpec(before);
  now.set_recipe(v1::TRAIN_RECIPE_STANDARD);
  EXPECT_EQ(CheckResumable(before, now), absl::OkStatus());
}

TEST(SpecSettingsTest, AJobGoesOnOnlyWithWhatFixedItsWeights) {
  v1::TrainSpec now = OnlyData();
  now.set_seed(2);
  now.mutable_generator_adam()->set_beta1(0.25);
  const absl::Status status = CheckResumable(OnlyData(), now);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("seed: 1 -> 2"), HasSubstr("generator_adam.beta1: 0.5 -> 0.25")));
}

}  // namespace
}  // namespace ganserve
