#include "server/trainer_flags.h"

#include <cstdint>
#include <functional>

#include "absl/strings/str_cat.h"
#include "server/base/cpu_quota.h"
#include "server/jobs/train_spec.h"

namespace ganserve {
namespace {

// A flag that sets a field of a spec. Its range is checked with that of all others by ValidateTrainSpec.
template <typename Value>
CLI::Option* AddField(CLI::App* command, const std::string& names, const std::string& help, Value fallback,
                      const std::function<void(const Value&)>& set) {
  return command->add_option_function<Value>(names, set, help)->default_str(absl::StrCat(fallback));
}

void AddShape(CLI::App* command, v1::TrainSpec* spec, const v1::TrainSpec& defaults) {
  AddField<uint32_t>(command, "--image-size,--size", "Image width and height in pixels: 32, 64 or 128",
                     defaults.image_size(), [spec](uint32_t value) { spec->set_image_size(value); });
  AddField<uint32_t>(command, "--channels", "1 (grey) or 3 (RGB)", defaults.channels(),
                     [spec](uint32_t value) { spec->set_channels(value); });
  AddField<uint32_t>(command, "--width", "Channels of the widest feature map; deeper ones have multiples of it",
                     defaults.width(), [spec](uint32_t value) { spec->set_width(value); });
  AddField<uint32_t>(command, "--latent-size,--latent", "Numbers in a latent", defaults.latent_size(),
                     [spec](uint32_t value) { spec->set_latent_size(value); });
  AddField<uint64_t>(command, "--seed", "Seed of everything random", defaults.seed(),
                     [spec](uint64_t value) { spec->set_seed(value); });
  const auto cores = static_cast<uint32_t>(ReadCpuQuota().cores);
  spec->set_threads(cores);
  AddField<uint32_t>(command, "--threads", "Threads of torch, on which the result depends; 0: one per core", 0,
                     [spec, cores](uint32_t value) { spec->set_threads(value > 0 ? value : cores); });
}

void AddLength(CLI::App* command, v1::TrainSpec* spec, const v1::TrainSpec& defaults) {
  auto* epochs = AddField<uint32_t>(command, "--epochs", "Passes over the data", defaults.epochs(),
                                    [spec](uint32_t value) { spec->set_epochs(value); });
  command
      ->add_option_function<uint64_t>(
          "--steps,--max-steps", [spec](uint64_t value) { spec->set_steps(value); },
          "Batches of the whole job, in place of --epochs")
      ->excludes(epochs);
}

void AddAdam(CLI::App* command, const std::string& network, v1::AdamOptions* adam, const v1::AdamOptions& defaults) {
  const std::string prefix = absl::StrCat("--", network, "-");
  AddField<double>(command, prefix + "learning-rate", absl::StrCat("Adam's, of the ", network),
                   defaults.learning_rate(), [adam](double value) { adam->set_learning_rate(value); });
  AddField<double>(command, prefix + "beta1", "Decay of the mean of its gradients", defaults.beta1(),
                   [adam](double value) { adam->set_beta1(value); });
  AddField<double>(command, prefix + "beta2", "Decay of the mean of its squared gradients", defaults.beta2(),
                   [adam](double value) { adam->set_beta2(value); });
}

void AddOptimizers(CLI::App* command, v1::TrainSpec* spec, const v1::TrainSpec& defaults) {
  // First, because flags take effect in this order and the two of one network shall have the last word.
  AddField<double>(command, "--learning-rate", "Adam's, of both networks", defaults.generator_adam().learning_rate(),
                   [spec](double value) {
                     spec->mutable_generator_adam()->set_learning_rate(value);
                     spec->mutable_discriminator_adam()->set_learning_rate(value);
                   });
  AddAdam(command, "generator", spec->mutable_generator_adam(), defaults.generator_adam());
  AddAdam(command, "discriminator", spec->mutable_discriminator_adam(), defaults.discriminator_adam());
  AddField<double>(command, "--ema-decay",
                   "Per-step decay of the averaged generator, which is the one exported; 0: export the trained weights",
                   defaults.ema_decay(), [spec](double value) { spec->set_ema_decay(value); });
}

void AddRecords(CLI::App* command, v1::TrainSpec* spec, const v1::TrainSpec& defaults) {
  AddField<uint64_t>(command, "--report-every-steps,--report-every",
                     "Steps between two lines of losses; there is one at the end of each epoch too",
                     defaults.report_every_steps(), [spec](uint64_t value) { spec->set_report_every_steps(value); });
  AddField<uint64_t>(command, "--sample-every-steps", "Steps between two sample grids", defaults.sample_every_steps(),
                     [spec](uint64_t value) { spec->set_sample_every_steps(value); });
  AddField<uint64_t>(command, "--checkpoint-every-steps,--checkpoint-steps", "Steps between two checkpoints",
                     defaults.checkpoint_every_steps(),
                     [spec](uint64_t value) { spec->set_checkpoint_every_steps(value); });
  AddField<uint32_t>(command, "--kept-checkpoints", "How many of the newest checkpoints are kept",
                     defaults.kept_checkpoints(), [spec](uint32_t value) { spec->set_kept_checkpoints(value); });
  AddField<uint32_t>(command, "--max-rollbacks",
                     "How often to go back to the last checkpoint with half the learning rates after NaN or infinity",
                     defaults.max_rollbacks(), [spec](uint32_t value) { spec->set_max_rollbacks(value); });
  AddField<uint64_t>(command, "--memory-limit-bytes", "Limit of private memory (RLIMIT_DATA); 0: none",
                     defaults.memory_limit_bytes(), [spec](uint64_t value) { spec->set_memory_limit_bytes(value); });
}

}  // namespace

void AddTrainFlags(CLI::App* command, TrainFlags* flags) {
  const v1::TrainSpec defaults = ResolveTrainSpec({});
  command
      ->add_option("--data", flags->data,
                   "Training images: a folder (or one file) of *-images-idx3-ubyte[.gz], CIFAR-10 *.bin or *.png")
      ->required();
  command->add_option("--out", flags->out, "Job directory to create")->required();
  command->add_flag("--resume", flags->resume,
                    "Continue the job in --out from its last checkpoint; all that does not fix the weights of a step, "
                    "as --epochs, may be another value than before");
  command->add_flag("--check", flags->check, "Only read the data set and check it against the other flags");
  v1::TrainSpec* spec = &flags->spec;
  AddField<uint32_t>(command, "--batch-size,--batch", "Images a step", defaults.batch_size(),
                     [spec](uint32_t value) { spec->set_batch_size(value); });
  AddShape(command, spec, defaults);
  AddLength(command, spec, defaults);
  AddOptimizers(command, spec, defaults);
  AddRecords(command, spec, defaults);
}

void AddInitFlags(CLI::App* command, TrainFlags* flags) {
  command->add_option("--out", flags->out, "Job directory to create")->required();
  AddShape(command, &flags->spec, ResolveTrainSpec({}));
}

}  // namespace ganserve
