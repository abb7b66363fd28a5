#include "server/train/spec_settings.h"

#include <google/protobuf/util/message_differencer.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "proto/spec/train_spec_defaults.h"
#include "server/jobs/train_spec.h"

namespace ganserve {
namespace {

AdamSettings AdamOf(const v1::AdamOptions& adam, double max_gradient_norm) {
  return {adam.learning_rate(), adam.beta1(), adam.beta2(), adam.weight_decay(), max_gradient_norm};
}

// Enumerations of TrainSpec and of the settings have the same order, but those of the settings lack UNSPECIFIED.
template <typename Setting, typename Field>
Setting SettingOf(Field field) {
  return static_cast<Setting>(static_cast<int>(field) - 1);
}
static_assert(static_cast<int>(GanLoss::kRelativistic) == v1::TRAIN_LOSS_RELATIVISTIC - 1);
static_assert(static_cast<int>(NetworkBody::kResidual) == v1::TRAIN_BODY_RESIDUAL - 1);
static_assert(static_cast<int>(DiscriminatorNorm::kSpectral) == v1::DISCRIMINATOR_NORM_SPECTRAL - 1);
static_assert(static_cast<int>(Precision::kBfloat16) == v1::TRAIN_PRECISION_BFLOAT16 - 1);
static_assert(static_cast<int>(Conditioning::kClass) == v1::TRAIN_CONDITIONING_CLASS - 1);

GanSettings GanSettingsOf(const v1::TrainSpec& spec) {
  GanSettings gan;
  gan.shape = {static_cast<int>(spec.image_size()),
               static_cast<int>(spec.channels()),
               static_cast<int>(spec.width()),
               static_cast<int>(spec.latent_size()),
               /*classes=*/0,
               SettingOf<NetworkBody>(spec.body()),
               SettingOf<DiscriminatorNorm>(spec.discriminator_norm())};
  gan.loss = SettingOf<GanLoss>(spec.loss());
  gan.penalties = {spec.gradient_penalty(), spec.r1_penalty(), spec.r2_penalty(),
                   static_cast<int>(spec.penalty_every_steps())};
  gan.label_smoothing = spec.label_smoothing();
  gan.discriminator_steps = static_cast<int>(spec.discriminator_steps());
  const v1::DiffAugment& augment = spec.diff_augment();
  gan.diff_augment = {augment.color(), augment.translation(), augment.cutout()};
  gan.generator_adam = AdamOf(spec.generator_adam(), spec.gradient_clip_norm());
  gan.discriminator_adam = AdamOf(spec.discriminator_adam(), spec.gradient_clip_norm());
  gan.ema_decay = spec.ema_decay();
  gan.precision = SettingOf<Precision>(spec.precision());
  gan.seed = spec.seed();
  return gan;
}

// The resolved spec without what a job may be resumed with another value of.
v1::TrainSpec WithoutWhatMayChange(const v1::TrainSpec& spec) {
  v1::TrainSpec fixed = ResolveTrainSpec(spec);
  // A schedule of learning rates that ends with the job depends on its length.
  if (fixed.final_learning_rate_factor() == 1) fixed.clear_length();
  fixed.clear_checkpoint_every_steps();
  fixed.clear_sample_every_steps();
  fixed.clear_report_every_steps();
  fixed.clear_evaluate_every_steps();  // but what evaluations compare, samples and extractor, stays
  fixed.clear_kept_checkpoints();
  fixed.clear_max_rollbacks();
  fixed.clear_threads();
  fixed.clear_memory_limit_bytes();
  fixed.clear_promote_to_model();
  fixed.clear_promote_only_if_not_worse();
  fixed.clear_recipe();  // only a source of defaults, which stand in the other fields
  return fixed;
}

}  // namespace

TrainSettings SettingsOf(const v1::TrainSpec& spec) {
  const v1::TrainSpec from = ResolveTrainSpec(spec);
  TrainSettings settings;
  static_cast<GanSettings&>(settings) = GanSettingsOf(from);
  settings.data = from.data();
  settings.conditioning = SettingOf<Conditioning>(from.conditioning());
  const v1::DataAugmentation& augmentation = from.augmentation();
  settings.augmentation = {augmentation.flip_probability(), augmentation.max_rotation_degrees(),
                           augmentation.max_crop_fraction()};
  settings.batch_size = static_cast<int>(from.batch_size());
  settings.epochs = from.epochs();
  settings.steps = from.steps();
  settings.final_learning_rate_factor = from.final_learning_rate_factor();
  settings.threads = static_cast<int>(from.threads());
  settings.memory_bytes = from.memory_limit_bytes();
  settings.checkpoint_every_steps = from.checkpoint_every_steps();
  settings.sample_every_steps = from.sample_every_steps();
  settings.report_every_steps = from.report_every_steps();
  settings.evaluate_every_steps = from.evaluate_every_steps();
  settings.evaluation_samples = from.evaluation_samples();
  settings.extractor = from.extractor();
  settings.kept_checkpoints = from.kept_checkpoints();
  settings.max_rollbacks = static_cast<int>(from.max_rollbacks());
  return settings;
}

absl::Status CheckResumable(const v1::TrainSpec& before, const v1::TrainSpec& now) {
  google::protobuf::util::MessageDifferencer differencer;
  std::string differences;
  differencer.ReportDifferencesToString(&differences);
  if (differencer.Compare(WithoutWhatMayChange(before), WithoutWhatMayChange(now))) return absl::OkStatus();
  absl::StripAsciiWhitespace(&differences);
  return absl::InvalidArgumentError(
      absl::StrCat("the job was started with another spec: ", absl::StrReplaceAll(differences, {{"\n", "; "}})));
}

}  // namespace ganserve
