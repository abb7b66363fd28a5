// ganserve-trainer: trains the generators that ganserve serves.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/base/memory.h"
#include "server/data/data_set.h"
#include "server/device/device.h"
#include "server/jobs/trainer_exit_codes.h"
#include "server/trainer_commands.h"
#include "server/trainer_flags.h"
#include "server/trainer_work.h"

namespace ganserve {
namespace {

std::atomic<bool> stop_requested = false;
static_assert(std::atomic<bool>::is_always_lock_free);  // a signal handler writes it

extern "C" void RequestStop(int) { stop_requested = true; }

// Those of jobs/trainer_exit_codes.h.
constexpr char kExitCodes[] =
    "Exit codes: 0 finished; 1 an error that another attempt may get past; 2 wrong flags; 3 stopped by a signal or "
    "by a server, after a checkpoint; 4 an error that comes again: bad spec, bad or missing data, training that "
    "diverged; 5 out of disk, "
    "nothing is lost and the job can go on; 6 what was to be created exists already; 7 no such job or checkpoint to "
    "export.";

// Everything that a command line can say.
struct Flags {
  TrainFlags train;
  TrainFlags init;
  RunFlags run;
  WorkFlags work;
  ExportFlags exported;
  std::string checked_data;
  std::string device = "cpu";
};

struct Commands {
  CLI::App* train;
  CLI::App* init;
  CLI::App* run;
  CLI::App* work;
  CLI::App* exported;
  CLI::App* check;
};

// By default threads of LibTorch's OpenMP spin while they wait for the others, which takes the processor from whoever
// makes them wait: beside a busy server two threads were ten times as slow as one. The library reads this variable when
// it is loaded, so the program starts once more. Goes on when that fails.
void WaitWithoutSpinning(char** argv) {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr) return;
  ::setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/1);
  ::execv("/proc/self/exe", argv);
}

// Of the commands that train.
void AddDevice(CLI::App* command, std::string* device) {
  command->add_option("--device", *device, "Where to train: cpu, cuda:N, or auto for a GPU if there is one")
      ->capture_default_str();
}

int Failed(const absl::Status& status, int exit_code) {
  std::fprintf(stderr, "ganserve-trainer: %s\n", std::string(status.message()).c_str());
  return exit_code;
}

int ExitCode(const absl::Status& status) { return status.ok() ? kTrainerFinished : Failed(status, ExitCodeOf(status)); }

int ExitCode(const absl::StatusOr<TrainOutcome>& outcome) {
  if (!outcome.ok()) return ExitCode(outcome.status());
  if (outcome->stopped) {
    std::printf("Stopped after %llu steps\n", static_cast<unsigned long long>(outcome->steps));
    return kTrainerStopped;
  }
  if (!outcome->export_path.empty()) std::printf("Exported %s/model.pt\n", outcome->export_path.c_str());
  return kTrainerFinished;
}

Commands AddCommands(CLI::App* app, Flags* flags) {
  Commands commands{};
  commands.train = app->add_subcommand("train", "Train a generator on a folder of images");
  AddTrainFlags(commands.train, &flags->train);
  commands.init = app->add_subcommand("init", "Export an untrained, seeded generator for tests and benchmarks");
  AddInitFlags(commands.init, &flags->init);
  commands.run = app->add_subcommand("run", "Train the job of a directory that holds a spec, from its last checkpoint");
  commands.run->add_option("--job-dir", flags->run.job_dir, "Directory of the job")->required();
  commands.run->add_option("--data-root", flags->run.data_root, "Folder that holds the data sets")->required();
  commands.run->add_flag("--supervised", flags->run.supervised, "A server writes the states of the job");
  commands.work = app->add_subcommand("work", "Train the job of a server that waits longest for a trainer");
  commands.work->add_option("--jobs", flags->work.jobs, "The server's folder of jobs (its --jobs)")->required();
  commands.work->add_option("--data-root", flags->work.data_root, "Folder that holds the data sets")->required();
  commands.work->add_flag("--wait", flags->work.wait, "Wait for a job when none waits, rather than end");
  for (CLI::App* command : {commands.train, commands.run, commands.work}) AddDevice(command, &flags->device);
  commands.exported = app->add_subcommand("export", "Export a checkpoint of a job, which may be running");
  commands.exported->add_option("--job-dir", flags->exported.job_dir, "Directory of the job")->required();
  commands.exported->add_option("--step", flags->exported.step,
                                "Step of the checkpoint; by default the best that was evaluated, else the newest");
  commands.exported->add_option("--out", flags->exported.out, "Folder to create, with model.pt and model.json")
      ->required();
  commands.check = app->add_subcommand("check", "Read a data set and print how many images and classes it has");
  commands.check->add_option("--data", flags->checked_data, "Folder or file, as that of `train`")->required();
  return commands;
}

std::string CommandLine(int argc, char** argv) {
  std::string line = "ganserve-trainer";
  for (int i = 1; i < argc; ++i) absl::StrAppend(&line, " ", argv[i]);
  return line;
}

int Init(const TrainFlags& flags, const CommandContext& context) {
  const absl::Status status = InitJob(flags, context);
  if (status.ok()) std::printf("Exported %s/exports/0/model.pt\n", flags.out.c_str());
  return ExitCode(status);
}

int Export(const ExportFlags& flags, const CommandContext& context) {
  const absl::StatusOr<uint64_t> step = ExportJob(flags, context);
  if (step.ok()) std::printf("{\"step\": %llu}\n", static_cast<unsigned long long>(*step));
  return absl::IsNotFound(step.status()) ? Failed(step.status(), kTrainerNotFound) : ExitCode(step.status());
}

int Check(const std::string& data) {
  const absl::StatusOr<DataSetFacts> facts = InspectDataSet(data);
  if (facts.ok()) std::printf("{\"images\": %zu, \"classes\": %d}\n", facts->images, facts->classes);
  return ExitCode(facts.status());
}

int Run(const Commands& commands, const Flags& flags, const CommandContext& context) {
  if (commands.exported->parsed()) return Export(flags.exported, context);
  if (commands.check->parsed()) return Check(flags.checked_data);
  if (commands.init->parsed()) return Init(flags.init, context);
  if (commands.train->parsed() && flags.train.check) return ExitCode(CheckData(flags.train));
  std::signal(SIGINT, RequestStop);
  std::signal(SIGTERM, RequestStop);
  if (commands.work->parsed()) return ExitCode(Work(flags.work, context));
  return ExitCode(commands.run->parsed() ? RunJob(flags.run, context) : TrainJob(flags.train, context));
}

int UsageError(const std::string& message) {
  std::fprintf(stderr, "ganserve-trainer: %s\n", message.c_str());
  return kTrainerUsageError;
}

int Main(int argc, char** argv) {
  WaitWithoutSpinning(argv);
  TuneMalloc(kTrainingMemory);
  Flags flags;
  CLI::App app("Trains generators for ganserve and exports them as TorchScript.", "ganserve-trainer");
  app.set_version_flag("--version", GANSERVE_VERSION);
  app.require_subcommand(1);
  app.footer(kExitCodes);
  const Commands commands = AddCommands(&app, &flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help and --version
    return UsageError(absl::StrCat(error.what(), " (see --help)"));
  }
  if (commands.train->parsed() || commands.init->parsed()) {
    const absl::Status fault = CheckFlags(commands.train->parsed() ? flags.train : flags.init);
    if (!fault.ok()) return UsageError(std::string(fault.message()));
  }
  const absl::StatusOr<Device> device = SelectDevice(flags.device);
  if (absl::IsInvalidArgument(device.status())) return UsageError("--" + std::string(device.status().message()));
  if (!device.ok()) return Failed(device.status(), kTrainerError);  // of this machine, not of the job
  if (flags.device == "auto") std::printf("Training on %s (%s)\n", device->name().c_str(), DescribeCuda().c_str());
  return Run(commands, flags, {CommandLine(argc, argv), stop_requested, device->name()});
}

}  // namespace
}  // namespace ganserve

int main(int argc, char** argv) try { return ganserve::Main(argc, argv); } catch (const std::bad_alloc&) {
  std::fputs("ganserve-trainer: out of memory\n", stderr);
  return ganserve::kTrainerError;
} catch (const std::exception& error) {
  std::fprintf(stderr, "ganserve-trainer: %s\n", error.what());
  return ganserve::kTrainerError;
}
