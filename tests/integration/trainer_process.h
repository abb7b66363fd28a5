// The real trainer as a process, on a data set that is made here. No server, no torch.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "ganserve/v1/training.pb.h"
#include "server/base/unique_fd.h"
#include "tests/support/temporary_folder.h"

namespace ganserve {

// Exit codes of ganserve-trainer (docs/training.md).
inline constexpr int kFinished = 0;
inline constexpr int kError = 1;
inline constexpr int kUsageError = 2;
inline constexpr int kStopped = 3;
inline constexpr int kPermanentError = 4;
inline constexpr int kOutOfDisk = 5;
inline constexpr int kExists = 6;
inline constexpr int kNotFound = 7;

// One run of ganserve-trainer. Its standard output goes into a pipe of 4 KiB: while nobody reads, a run that prints
// more does not end.
class TrainerRun {
 public:
  // Standard error goes into the file `errors`.
  TrainerRun(const std::vector<std::string>& arguments, const std::string& errors);
  TrainerRun(const TrainerRun&) = delete;
  TrainerRun& operator=(const TrainerRun&) = delete;
  ~TrainerRun();  // kills it if it still runs

  // Reads so many lines; fewer if it ends before.
  void ReadLines(int lines);
  void Signal(int signal) const;
  // Sends SIGKILL so long after it has printed so many lines, unless it ends before.
  void KillAfter(int lines, std::chrono::milliseconds time);
  // Reads the rest. The exit code, or minus the signal.
  int Wait();

  // What has been read.
  const std::string& output() const { return output_; }

 private:
  pid_t pid_ = -1;
  UniqueFd pipe_;
  std::string output_;
};

// Jobs in a temporary folder, and a data root beside them.
class TrainerJobs {
 public:
  // The data set "squares": 40 grey images.
  TrainerJobs();

  const TemporaryFolder& folder() const { return folder_; }
  std::string data_root() const { return folder_.File("data"); }
  // Gives the data set this content.
  void WriteData(const std::string& idx_file) const;

  // Small networks, batches of 4: 10 steps an epoch, 60 in all. A loss event every 3 steps, samples every 20, a
  // checkpoint after each step.
  static v1::TrainSpec Spec();
  // 200 steps, a checkpoint every 5, samples every 100, and more lines than a run's pipe holds, so that it lasts for as
  // long as nobody reads.
  static v1::TrainSpec LongSpec();
  // The directory of a job that the spec is written for.
  std::string Create(const std::string& name, const v1::TrainSpec& spec) const;
  static void WriteSpec(const std::string& job, const v1::TrainSpec& spec);

  // The arguments of `run` for a job, and more.
  std::vector<std::string> RunArguments(const std::string& job, const std::vector<std::string>& more = {}) const;
  // Runs to the end; the exit code.
  int Execute(const std::vector<std::string>& arguments);
  int Run(const std::string& job) { return Execute(RunArguments(job)); }
  std::string errors_file() const { return folder_.File("errors"); }
  // Of the last process, and what the last Execute() printed.
  std::string errors() const { return ReadWhole(errors_file()); }
  const std::string& output() const { return output_; }

 private:
  const TemporaryFolder folder_;
  std::string output_;
};

// An IDX file of 40 images of 28x28, every byte of which differs from its neighbours.
std::string IdxImages();

std::vector<v1::TrainEvent> Events(const std::string& job);

// What must be the same whatever happened to a run: its losses, samples, checkpoints and exports, without times and
// speeds. As text, for messages.
std::vector<std::string> History(const std::string& job);

// The states that are told, in order, terminal ones too.
std::vector<v1::TrainJobState> States(const std::string& job);

// Names of all files below a folder, relative to it, sorted.
std::vector<std::string> Files(const std::string& folder);

}  // namespace ganserve
