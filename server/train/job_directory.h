// The directory of a training job, which is the interface between the trainer and whoever watches it:
//   spec             the options, JSON
//   events           see event_log.h
//   checkpoints/     <step>.ckpt, what --resume continues from; the newest two, with a checksum (checksum_trailer.h)
//   samples/         <step>.png, grids of the same latents
//   exports/         <step>/{model.pt, model.json}, ready to be copied as <repository>/<model>/<version>/
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/train/loss_report.h"

namespace ganserve {

class EventLog;
namespace v1 {
class TrainEvent;
}

enum class JobState { kRunning, kSucceeded, kStopped, kFailed };

// Used by one thread of one process. An event is appended only after what it tells of is on disk. A run that resumes
// does again what came after its checkpoint: losses and files that the history tells of already are not told twice. A
// full disk is RESOURCE_EXHAUSTED, and leaves no temporary file and at most a torn record at the end of `events`.
class JobDirectory {
 public:
  // Creates `path` with its spec. ALREADY_EXISTS when it holds a job already.
  static absl::StatusOr<JobDirectory> Create(const std::string& path, const std::string& spec);
  // Opens a job to go on with it. NOT_FOUND when there is none.
  // Removes what a killed process left half written.
  static absl::StatusOr<JobDirectory> Open(const std::string& path);

  JobDirectory(JobDirectory&&) noexcept;
  JobDirectory& operator=(JobDirectory&&) noexcept;
  ~JobDirectory();

  absl::Status RecordState(uint64_t step, JobState state, const std::string& message);
  absl::Status RecordLosses(uint64_t step, const LossReport& losses);
  absl::Status RecordLog(uint64_t step, const std::string& line);
  // The run goes on, or resumes, from `step` after `count` rollbacks in all.
  absl::Status RecordRollback(uint64_t step, int count, double learning_rate_factor);

  absl::Status PublishSample(uint64_t step, const std::string& png);

  // `write` fills the file that it is given.
  using Writer = std::function<absl::Status(const std::string& path)>;
  absl::Status PublishCheckpoint(uint64_t step, absl::string_view contents);
  // `write_model` writes model.pt; `model_json` goes beside it. ALREADY_EXISTS when the step has been exported.
  absl::Status PublishExport(uint64_t step, const Writer& write_model, const std::string& model_json);

  struct Checkpoint {
    uint64_t step = 0;
    std::string path;
    std::string contents;
  };
  // The newest intact one, if there is any. A damaged one is removed, with a log event that says so.
  absl::StatusOr<std::optional<Checkpoint>> ReadLastCheckpoint();

  absl::StatusOr<std::string> ReadSpec() const;

  const std::string& path() const { return path_; }
  std::string ExportPath(uint64_t step) const;

 private:
  JobDirectory(std::string path, std::unique_ptr<EventLog> events);
  static absl::StatusOr<JobDirectory> OpenEvents(const std::string& path);
  absl::Status FindHistory();
  absl::Status AppendOnce(v1::TrainEvent event);
  void RemoveOldCheckpoints() const;

  // How far a run has come. Rollbacks go first: what follows a rollback is new although its steps are not.
  using Position = std::pair<int, uint64_t>;  // rollbacks, step

  std::string path_;
  int rollbacks_ = 0;                 // of the run that is being recorded
  int told_rollbacks_ = 0;            // in `events`
  std::map<int, Position> told_;      // the last in `events`, by kind of event
  std::unique_ptr<EventLog> events_;  // never null, except after a move
};

}  // namespace ganserve
