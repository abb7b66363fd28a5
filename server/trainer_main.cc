// ganserve-trainer: trains the generators that ganserve serves.
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/train/data_set.h"
#include "server/train/job_directory.h"
#include "server/train/train_console.h"
#include "server/train/train_options.h"
#include "server/train/trainer.h"

namespace ganserve {
namespace {

std::atomic<bool> stop_requested = false;
static_assert(std::atomic<bool>::is_always_lock_free);  // a signal handler writes it

extern "C" void RequestStop(int) { stop_requested = true; }

// Exit codes; --help and docs/training.md list them.
constexpr int kError = 1;
constexpr int kUsageError = 2;
constexpr int kDiverged = 4;
constexpr int kOutOfDisk = 5;

constexpr char kExitCodes[] =
    "Exit codes: 0 finished, or stopped by a signal after a checkpoint; 1 error; 2 wrong options; 4 diverged again and "
    "again, so that another attempt would too; 5 out of disk, nothing is lost and --resume goes on.";

int ExitCode(const absl::Status& status) {
  if (absl::IsAborted(status)) return kDiverged;
  if (absl::IsResourceExhausted(status)) return kOutOfDisk;
  return status.ok() ? 0 : kError;
}

// Every step allocates and frees the same tensors of a few MB. By default glibc returns each to the kernel and pays for
// the page faults again; 32 MiB is the largest threshold that it takes.
void KeepMemory() {
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

void AddShapeOptions(CLI::App* command, TrainOptions* options) {
  command->add_option("--out", options->out, "Job directory to create")->required();
  command->add_option("--size", options->shape.image_size, "Image width and height in pixels: 32, 64 or 128")
      ->capture_default_str();
  command->add_option("--channels", options->shape.channels, "1 (grey) or 3 (RGB)")->capture_default_str();
  command->add_option("--width", options->shape.width, "Width factor: channels of the narrowest hidden layers")
      ->capture_default_str();
  command->add_option("--latent", options->shape.latent_size, "Length of the latent vector")->capture_default_str();
  command->add_option("--seed", options->seed, "Seed of everything random")->capture_default_str();
  command->add_option("--threads", options->threads, "Threads of torch; 0: one per core")->capture_default_str();
}

void AddTrainingOptions(CLI::App* command, TrainOptions* options) {
  command
      ->add_option("--data", options->data,
                   "Training images: a folder (or one file) of *-images-idx3-ubyte[.gz], CIFAR-10 *.bin or *.png")
      ->required();
  command->add_option("--epochs", options->epochs, "Passes over the data")->capture_default_str();
  command->add_option("--max-steps", options->max_steps, "Stop after this many batches of the whole job; 0: no limit")
      ->capture_default_str();
  command->add_option("--batch", options->batch_size, "Images a step")->capture_default_str();
  command->add_option("--learning-rate", options->learning_rate, "Adam's, for both networks")->capture_default_str();
  command
      ->add_option("--ema-decay", options->ema_decay,
                   "Per-step decay of the averaged generator, which is the one exported; 0: export the trained weights")
      ->capture_default_str();
  command->add_option("--report-every", options->report_every, "Batches between two lines of losses")
      ->capture_default_str();
  command->add_option("--sample-every", options->sample_every, "Epochs between two sample grids")
      ->capture_default_str();
  command->add_option("--checkpoint-every", options->checkpoint_every, "Epochs between two checkpoints")
      ->capture_default_str();
  command
      ->add_option("--checkpoint-steps", options->checkpoint_steps,
                   "Batches between two more checkpoints, also within an epoch; 0: none")
      ->capture_default_str();
  command
      ->add_option("--max-rollbacks", options->max_rollbacks,
                   "How often to go back to the last checkpoint with half the learning rate after NaN or infinity")
      ->capture_default_str();
  command->add_flag("--resume", options->resume,
                    "Continue the job in --out from its last checkpoint; --epochs and --max-steps may be raised");
}

absl::StatusOr<JobDirectory> OpenJob(const TrainOptions& options) {
  if (!options.resume) return JobDirectory::Create(options.out, SpecJson(options));
  GANSERVE_ASSIGN_OR_RETURN(JobDirectory job, JobDirectory::Open(options.out));
  GANSERVE_ASSIGN_OR_RETURN(const std::string spec, job.ReadSpec());
  GANSERVE_RETURN_IF_ERROR(CheckResumable(spec, options));
  return job;
}

absl::StatusOr<ImageSet> LoadData(const TrainOptions& options, TrainConsole* console) {
  const NetworkShape& shape = options.shape;
  GANSERVE_ASSIGN_OR_RETURN(ImageSet data,
                            LoadDataSet(options.data, {shape.image_size, shape.image_size, shape.channels}));
  GANSERVE_RETURN_IF_ERROR(CheckFillsABatch(options, data.count()));
  console->Line(absl::StrFormat("%d training images of %dx%d, %d channel(s), from %s", data.count(), data.shape.width,
                                data.shape.height, data.shape.channels, options.data));
  return data;
}

absl::Status RunCheck(const TrainOptions& options) {
  TrainConsole console(stdout);
  return LoadData(options, &console).status();
}

absl::Status RunTrain(const TrainOptions& options, const std::string& command) {
  TrainConsole console(stdout);
  GANSERVE_ASSIGN_OR_RETURN(const ImageSet data, LoadData(options, &console));
  GANSERVE_ASSIGN_OR_RETURN(JobDirectory job, OpenJob(options));
  std::signal(SIGINT, RequestStop);
  std::signal(SIGTERM, RequestStop);
  SetTorchThreads(options.threads);
  GANSERVE_ASSIGN_OR_RETURN(const TrainOutcome outcome, Train(options, data, command, stop_requested, &job, &console));
  if (outcome.stopped) {
    console.Line(absl::StrCat("Stopped by a signal after ", outcome.steps, " steps; continue with --resume"));
  }
  console.Line(absl::StrCat("Exported ", outcome.export_path, "/model.pt"));
  return absl::OkStatus();
}

absl::Status RunInit(const TrainOptions& options, const std::string& command) {
  SetTorchThreads(options.threads);
  GANSERVE_ASSIGN_OR_RETURN(JobDirectory job, JobDirectory::Create(options.out, SpecJson(options)));
  GANSERVE_ASSIGN_OR_RETURN(const std::string path, ExportUntrained(options, command, &job));
  std::printf("Exported %s/model.pt\n", path.c_str());
  return absl::OkStatus();
}

std::string CommandLine(int argc, char** argv) {
  std::string line = "ganserve-trainer";
  for (int i = 1; i < argc; ++i) absl::StrAppend(&line, " ", argv[i]);
  return line;
}

int Main(int argc, char** argv) {
  KeepMemory();
  TrainOptions options;
  CLI::App app("Trains DCGAN generators for ganserve and exports them as TorchScript.", "ganserve-trainer");
  app.set_version_flag("--version", GANSERVE_VERSION);
  app.require_subcommand(1);
  app.footer(kExitCodes);
  CLI::App* train = app.add_subcommand("train", "Train a generator on a folder of images");
  bool check = false;
  train->add_flag("--check", check, "Only read the data set and check it against the other options");
  AddTrainingOptions(train, &options);
  AddShapeOptions(train, &options);
  CLI::App* init = app.add_subcommand("init", "Export an untrained, seeded generator for tests and benchmarks");
  AddShapeOptions(init, &options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help and --version
    std::fprintf(stderr, "ganserve-trainer: %s (see --help)\n", error.what());
    return kUsageError;
  }
  if (const absl::Status fault = ValidateTrainOptions(options); !fault.ok()) {
    std::fprintf(stderr, "ganserve-trainer: %s\n", std::string(fault.message()).c_str());
    return kUsageError;
  }
  const std::string command = CommandLine(argc, argv);
  const absl::Status status = check             ? RunCheck(options)
                              : train->parsed() ? RunTrain(options, command)
                                                : RunInit(options, command);
  if (!status.ok()) std::fprintf(stderr, "ganserve-trainer: %s\n", std::string(status.message()).c_str());
  return ExitCode(status);
}

}  // namespace
}  // namespace ganserve

int main(int argc, char** argv) { return ganserve::Main(argc, argv); }
