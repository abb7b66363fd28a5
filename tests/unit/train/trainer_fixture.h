// Short runs of the trainer in a temporary folder.
#pragma once

#include <gmock/gmock.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <string>

#include "server/eval/torch_threads.h"
#include "server/train/trainer.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/train/synthetic_images.h"

namespace ganserve {

namespace fs = std::filesystem;

// Two epochs of four batches of eight.
inline TrainSettings Small() {
  TrainSettings settings;
  settings.data = "squares";
  settings.shape = {32, 1, 4, 8};
  settings.epochs = 2;
  settings.batch_size = 8;
  settings.report_every_steps = 2;
  settings.sample_every_steps = 4;
  return settings;
}

// The same run, but only its first steps.
inline TrainSettings UpTo(TrainSettings settings, uint64_t steps) {
  settings.epochs = 0;
  settings.steps = steps;
  return settings;
}

// Too fast: the second step's sums overflow.
inline TrainSettings Diverging() {
  TrainSettings settings = Small();
  settings.generator_adam.learning_rate = 1e38;
  settings.discriminator_adam.learning_rate = 1e38;
  return settings;
}

class TrainerTest : public testing::Test {
 protected:
  TrainerTest() : log_(std::fopen(folder_.File("log").c_str(), "w")), console_(log_) { UseTorchThreads(1); }
  ~TrainerTest() override { std::fclose(log_); }

  // Creates the job, or goes on with it.
  absl::StatusOr<TrainOutcome> Run(const TrainSettings& settings, const std::string& name = "job") {
    const std::string path = folder_.File(name);
    auto job = fs::exists(path) ? JobDirectory::Open(path, /*supervised=*/false) : JobDirectory::Create(path, "{}");
    EXPECT_TRUE(job.ok()) << job.status();
    return Train(settings, data_, {"the command", name, 0, ""}, stop_, &*job, &console_);
  }

  std::string Model(const absl::StatusOr<TrainOutcome>& outcome) const {
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    return ReadWhole(outcome->export_path + "/model.pt");
  }
  // The history, as far as its texts can be read.
  std::string Events(const std::string& name = "job") const { return ReadWhole(folder_.File(name + "/events")); }
  bool Exists(const std::string& name) const { return fs::exists(folder_.File(name)); }

  TemporaryFolder folder_;
  std::FILE* log_;
  TrainConsole console_;
  ImageSet data_ = Squares(35, 32, 1);
  std::atomic<bool> stop_ = false;
};

}  // namespace ganserve
