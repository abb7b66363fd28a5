#include "server/train/spec_settings.h"

#include <gmock/gmock.h>

namespace ganserve {
namespace {

using testing::AllOf;
using testing::HasSubstr;

v1::TrainSpec OnlyData() {
  v1::TrainSpec spec;
  spec.set_data("squares");
  return spec;
}

TEST(SpecSettingsTest, DefaultsOfSpecAndSettingsAreTheSame) {
  const TrainSettings settings = SettingsOf(OnlyData());
  const TrainSettings defaults;
  EXPECT_EQ(settings.data, "squares");
  EXPECT_EQ(settings.shape, defaults.shape);
  EXPECT_EQ(settings.batch_size, defaults.batch_size);
  EXPECT_EQ(settings.epochs, defaults.epochs);
  EXPECT_EQ(settings.steps, defaults.steps);
  EXPECT_EQ(settings.generator_adam, defaults.generator_adam);
  EXPECT_EQ(settings.discriminator_adam, defaults.discriminator_adam);
  EXPECT_EQ(settings.seed, defaults.seed);
  EXPECT_EQ(settings.ema_decay, defaults.ema_decay);
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
  EXPECT_EQ(settings.shape, (NetworkShape{64, 3, 7, 8}));
  EXPECT_EQ(settings.batch_size, 9);
  EXPECT_EQ(settings.steps, 10U);
  EXPECT_EQ(settings.augmentation, (AugmentationOptions{0.25, 20, 0.125}));
  EXPECT_EQ(settings.epochs, 0U);
  EXPECT_EQ(settings.generator_adam, (AdamSettings{0.011, 0.12, 0.999}));
  EXPECT_EQ(settings.discriminator_adam, (AdamSettings{0.013, 0.5, 0.14}));
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
  now.set_kept_checkpoints(1);
  now.set_max_rollbacks(1);
  now.set_threads(2);
  now.set_memory_limit_bytes(uint64_t{1} << 30);
  now.set_promote_to_model("squares");
  EXPECT_EQ(CheckResumable(OnlyData(), now), absl::OkStatus());
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
