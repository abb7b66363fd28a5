#include "client/ganctl/train_spec_flags.h"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>

#include "client/ganctl/number_checks.h"

namespace ganserve::ganctl {
namespace {

// The defaults in the help lines are the server's, as training.proto has them: what is not given is not sent.
constexpr char kGroup[] = "What to train (the defaults are the server's)";
// So that bytes fit into 64 bits.
constexpr uint64_t kMaxMemoryMib = uint64_t{1} << 43;

template <typename Number>
CLI::Option* AddWhole(CLI::App& command, v1::TrainSpec& spec, const std::string& name,
                      void (v1::TrainSpec::*set)(Number), const std::string& help) {
  return command
      .add_option_function<Number>(
          name, [&spec, set](const Number& value) { (spec.*set)(value); }, help)
      ->check(CheckWholeNumber)
      ->group(kGroup);
}

CLI::Option* AddReal(CLI::App& command, const std::string& name, const std::function<void(const double&)>& set,
                     const std::string& help) {
  return command.add_option_function<double>(name, set, help)->check(CheckFiniteNumber)->group(kGroup);
}

CLI::Option* AddText(CLI::App& command, const std::string& name, const std::function<void(const std::string&)>& set,
                     const std::string& help) {
  return command.add_option_function<std::string>(name, set, help)->group(kGroup);
}

}  // namespace

void TrainSpecFlags::AddTo(CLI::App& command) {
  AddText(
      command, "--data", [this](const std::string& name) { spec_.set_data(name); },
      "Data set: a name under the server's data root")
      ->required();
  AddNetworkFlags(command);
  AddTrainingFlags(command);
  AddAdamFlags(command, "generator", &v1::TrainSpec::mutable_generator_adam);
  AddAdamFlags(command, "discriminator", &v1::TrainSpec::mutable_discriminator_adam);
  AddRecordFlags(command);
}

void TrainSpecFlags::AddNetworkFlags(CLI::App& command) {
  AddWhole(command, spec_, "--image-size", &v1::TrainSpec::set_image_size,
           "Pixels of a side: 32, 64 or 128; default 32");
  AddWhole(command, spec_, "--channels", &v1::TrainSpec::set_channels, "1 (grey) or 3 (RGB); default 1");
  AddWhole(command, spec_, "--width", &v1::TrainSpec::set_width,
           "Channels of the widest feature map, 1 to 512; default 64");
  AddWhole(command, spec_, "--latent-size", &v1::TrainSpec::set_latent_size,
           "Numbers in a latent, 1 to 4096; default 100");
}

void TrainSpecFlags::AddTrainingFlags(CLI::App& command) {
  AddWhole(command, spec_, "--batch-size", &v1::TrainSpec::set_batch_size, "Images a step, 2 to 65536; default 64");
  CLI::Option* epochs =
      AddWhole(command, spec_, "--epochs", &v1::TrainSpec::set_epochs, "Passes over the data; default 25");
  AddWhole(command, spec_, "--steps", &v1::TrainSpec::set_steps, "Batches, instead of epochs")->excludes(epochs);
  AddText(
      command, "--loss", [this](const std::string&) { spec_.set_loss(v1::TRAIN_LOSS_BCE_WITH_LOGITS); },
      "What both networks minimise; default bce_with_logits")
      ->check(CLI::IsMember({"bce_with_logits"}));
  AddWhole(command, spec_, "--seed", &v1::TrainSpec::set_seed, "Of weights, data order and latents; default 1");
  AddReal(
      command, "--ema-decay", [this](const double& decay) { spec_.set_ema_decay(decay); },
      "Of the averaged generator, per step; 0: no average; default 0.999");
  AddWhole(command, spec_, "--max-rollbacks", &v1::TrainSpec::set_max_rollbacks,
           "How often diverged training may go back, 0 to 100; default 3");
  AddWhole(command, spec_, "--threads", &v1::TrainSpec::set_threads, "Processor threads of the trainer; default 1");
  command
      .add_option_function<uint64_t>(
          "--memory-limit-mib", [this](const uint64_t& mib) { spec_.set_memory_limit_bytes(mib << 20); },
          "Limit of the trainer's private memory, in MiB; default 0: none")
      ->check(CheckWholeNumber)
      ->check(CLI::Range(uint64_t{0}, kMaxMemoryMib))
      ->group(kGroup);
}

void TrainSpecFlags::AddAdamFlags(CLI::App& command, const std::string& network,
                                  v1::AdamOptions* (v1::TrainSpec::*adam)()) {
  AddReal(
      command, "--" + network + "-learning-rate",
      [this, adam](const double& rate) { (spec_.*adam)()->set_learning_rate(rate); },
      "Adam's step size, 1e-8 to 1; default 2e-4");
  AddReal(
      command, "--" + network + "-beta1", [this, adam](const double& beta) { (spec_.*adam)()->set_beta1(beta); },
      "Adam's decay of the mean of gradients; default 0.5");
  AddReal(
      command, "--" + network + "-beta2", [this, adam](const double& beta) { (spec_.*adam)()->set_beta2(beta); },
      "Adam's decay of the mean of squared gradients; default 0.999");
}

void TrainSpecFlags::AddRecordFlags(CLI::App& command) {
  AddWhole(command, spec_, "--checkpoint-every-steps", &v1::TrainSpec::set_checkpoint_every_steps,
           "Steps between two checkpoints; default 500");
  AddWhole(command, spec_, "--sample-every-steps", &v1::TrainSpec::set_sample_every_steps,
           "Steps between two sample grids; default 500");
  AddWhole(command, spec_, "--report-every-steps", &v1::TrainSpec::set_report_every_steps,
           "Steps between two loss events; default 100");
  AddWhole(command, spec_, "--kept-checkpoints", &v1::TrainSpec::set_kept_checkpoints,
           "Newest checkpoints that are kept, 1 to 1000; default 2");
  AddText(
      command, "--promote-to-model", [this](const std::string& model) { spec_.set_promote_to_model(model); },
      "Model to promote to when the job succeeds; default none");
}

}  // namespace ganserve::ganctl
