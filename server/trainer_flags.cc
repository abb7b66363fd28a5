#include "server/trainer_flags.h"

#include <cstdint>

#include "proto/spec/number_checks.h"
#include "proto/spec/train_spec_flags.h"
#include "server/base/cpu_quota.h"

namespace ganserve {
namespace {

void AddThreads(CLI::App* command, v1::TrainSpec* spec) {
  const auto cores = static_cast<uint32_t>(ReadCpuQuota().cores);
  spec->set_threads(cores);
  command
      ->add_option_function<uint32_t>(
          "--threads", [spec, cores](const uint32_t& threads) { spec->set_threads(threads > 0 ? threads : cores); },
          "Threads of torch, on which the result depends; 0: one per core")
      ->check(CheckWholeNumber)
      ->default_str("0");
}

}  // namespace

void AddTrainFlags(CLI::App* command, TrainFlags* flags) {
  command
      ->add_option(
          "--data", flags->data,
          "Training images: a folder (or one file) of *images-idx3-ubyte[.gz], CIFAR-10 *.bin, *.png and *.jpg, a "
          "font with colour bitmaps, or a folder of images for each class")
      ->required();
  command->add_option("--out", flags->out, "Job directory to create")->required();
  command->add_flag("--resume", flags->resume,
                    "Continue the job in --out from its last checkpoint; all that does not fix the weights of a step, "
                    "as --epochs, may be another value than before");
  command->add_flag("--check", flags->check, "Only read the data set and check it against the other flags");
  AddThreads(command, &flags->spec);
  AddTrainSpecFlags(command, &flags->spec);
}

void AddInitFlags(CLI::App* command, TrainFlags* flags) {
  command->add_option("--out", flags->out, "Job directory to create")->required();
  AddThreads(command, &flags->spec);
  for (const char* field : {"image_size", "channels", "width", "latent_size", "body", "seed"}) {
    AddTrainSpecFlag(command, field, &flags->spec);
  }
}

}  // namespace ganserve
