// What a person or a script sees of a training job while it is followed.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "client/ganctl/status_line.h"
#include "ganserve/v1/training.pb.h"

namespace CLI {
class App;
}

namespace ganserve::ganctl {

struct FollowOptions {
  // Folder of the sample grids, <step>.png; empty for none.
  std::string sample_folder = {};
  // Losses are printed of every so manieth loss event, from the first on; 1 or more.
  uint64_t every = 1;
  // Only changes of state and the end.
  bool quiet = false;
  // Each event as JSON in a line of its own, without the bytes of sample grids, and nothing else.
  bool json = false;
};

// Adds --samples, --every, --quiet and --json; `options` outlives the parsing.
void AddFollowFlags(CLI::App& command, FollowOptions& options);

// Prints to standard output, draws progress on a terminal, saves sample grids. Not thread-safe.
class TrainFollower {
 public:
  explicit TrainFollower(const FollowOptions& options) : options_(options) {}

  // Creates the folder of the sample grids.
  absl::Status Open() const;

  // "job ID", once, when it is known.
  void OnJob(const std::string& job_id);

  void OnEvent(const v1::TrainEvent& event);

  // The connection is lost, and will be back with the next event.
  void OnBreak();

  // Removes the progress, before a line on standard error.
  void Suspend() { status_line_.Remove(); }

  // OK if all sample grids were saved, else why the first one that was not could not be.
  const absl::Status& samples() const { return samples_; }

 private:
  void PrintNoteAboveProgress(const std::string& message);
  void OnLosses(const v1::TrainEvent& event);
  void OnSample(const v1::TrainEvent& event);
  void PrintEvent(const v1::TrainEvent& event);
  void PrintLine(const std::string& line);

  const FollowOptions options_;
  bool named_ = false;
  bool broken_ = false;
  uint64_t loss_events_ = 0;
  absl::Status samples_;
  StatusLine status_line_;
};

}  // namespace ganserve::ganctl
