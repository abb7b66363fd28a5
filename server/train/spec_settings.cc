#include "server/train/spec_settings.h"

#include <google/protobuf/util/message_differencer.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "proto/spec/train_spec_defaults.h"
#include "server/jobs/train_spec.h"

namespace ganserve {
namespace {

AdamSettings AdamOf(const v1::AdamOptions& adam) { return {adam.learning_rate(), adam.beta1(), adam.beta2()}; }

// The resolved spec without what a job may be resumed with another value of.
v1::TrainSpec WithoutWhatMayChange(const v1::TrainSpec& spec) {
  v1::TrainSpec fixed = ResolveTrainSpec(spec);
  fixed.clear_length();
  fixed.clear_checkpoint_every_steps();
  fixed.clear_sample_every_steps();
  fixed.clear_report_every_steps();
  fixed.clear_kept_checkpoints();
  fixed.clear_max_rollbacks();
  fixed.clear_threads();
  fixed.clear_memory_limit_bytes();
  fixed.clear_promote_to_model();
  return fixed;
}

}  // namespace

TrainSettings SettingsOf(const v1::TrainSpec& spec) {
  const v1::TrainSpec from = ResolveTrainSpec(spec);
  TrainSettings settings;
  settings.data = from.data();
  settings.shape = {static_cast<int>(from.image_size()), static_cast<int>(from.channels()),
                    static_cast<int>(from.width()), static_cast<int>(from.latent_size())};
  settings.batch_size = static_cast<int>(from.batch_size());
  settings.epochs = from.epochs();
  settings.steps = from.steps();
  settings.generator_adam = AdamOf(from.generator_adam());
  settings.discriminator_adam = AdamOf(from.discriminator_adam());
  settings.seed = from.seed();
  settings.ema_decay = from.ema_decay();
  settings.threads = static_cast<int>(from.threads());
  settings.memory_bytes = from.memory_limit_bytes();
  settings.checkpoint_every_steps = from.checkpoint_every_steps();
  settings.sample_every_steps = from.sample_every_steps();
  settings.report_every_steps = from.report_every_steps();
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
