// What `ganserve-trainer` can be told to do. docs/training.md describes each command; trainer_main.cc turns a status
// into an exit code.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/train/trainer.h"
#include "server/trainer_flags.h"

namespace ganserve {

// Of jobs/trainer_exit_codes.h. Errors that come again however often the same is tried, so permanent ones, are a bad
// spec, bad or missing data, and training that diverges.
int ExitCodeOf(const absl::Status& status);

// The command line goes into exports; `stop` becomes true when a run is to end early.
struct CommandContext {
  std::string command_line;
  const std::atomic<bool>& stop;
  std::string device = "cpu";  // to train on, as torch names it; there is one
};

// INVALID_ARGUMENT naming every field of the spec that is out of range. The commands below take flags without fault.
absl::Status CheckFlags(const TrainFlags& flags);

struct RunFlags {
  std::string job_dir;
  std::string data_root;
  bool supervised = false;
};

// Trains the job of a directory, whose spec somebody has written: from its last checkpoint or from the start. Its data
// is <data_root>/<spec.data>. A job that has ended is left as it is: OK if it succeeded, FAILED_PRECONDITION otherwise;
// one that its server has paused or is cancelling is stopped already. The history is told of the start and of the end
// as JobHistory says. Errors as Train() and JobDirectory::Open().
absl::StatusOr<TrainOutcome> RunJob(const RunFlags& flags, const CommandContext& context);

// The same for a job that has been opened and waits for a trainer.
absl::StatusOr<TrainOutcome> RunOpenJob(JobDirectory* job, const std::string& data_root, const CommandContext& context);

// Creates or resumes a job for a spec given as flags, and trains it as RunJob. A job that has ended may go on.
absl::StatusOr<TrainOutcome> TrainJob(const TrainFlags& flags, const CommandContext& context);

// Reads the data set and checks it against the other flags.
absl::Status CheckData(const TrainFlags& flags);

// Exports an untrained generator as step 0 of a job that never runs.
absl::Status InitJob(const TrainFlags& flags, const CommandContext& context);

struct ExportFlags {
  std::string job_dir;
  std::optional<uint64_t> step;  // absent: the best evaluated one, else the newest intact
  std::string out;
};

// Exports a checkpoint of a job, whose trainer may run meanwhile: nothing is written into the job directory. Returns
// the step. NOT_FOUND naming the checkpoints there are when there is none of the step; ALREADY_EXISTS when `out` does.
absl::StatusOr<uint64_t> ExportJob(const ExportFlags& flags, const CommandContext& context);

}  // namespace ganserve
