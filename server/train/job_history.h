// The trainer's side of a job's `events` (server/jobs/event_log.h): what a run tells, in plain types.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/eval/quality_report.h"
#include "server/train/loss_report.h"

namespace ganserve {

class EventLog;
class EventReader;
class JobStanding;
namespace v1 {
class TrainEvent;
}

struct CheckpointFacts {
  std::string path;    // relative to the job directory, as all below
  std::string sha256;  // of the file
  double seconds = 0;  // that writing it took; 0: not known
};

// Used by one thread. Everything is durable when a call returns, and errors are those of EventLog. A run that resumes
// does again what came after its checkpoint: losses, rollbacks and files that the history tells of are not told twice.
//
// Whose the states are: `supervised`, those of the server that has started this process, which learns everything else
// from its exit code; of a job that a server has queued (JobStanding), those of that server, which learns of the end
// from the history; of any other job they are ours. Unless supervised, UNAVAILABLE says that another trainer has
// written something: this one has lost the job's lock, as a machine does that a network volume has not heard of for too
// long, and writes nothing any more.
class JobHistory {
 public:
  static absl::StatusOr<JobHistory> Open(const std::string& path, bool supervised);

  JobHistory(JobHistory&&) noexcept;
  JobHistory& operator=(JobHistory&&) noexcept;
  ~JobHistory();

  struct End {
    bool succeeded = false;
    std::string message;
  };
  // How the job had ended when the history was opened; absent if it has not.
  const std::optional<End>& end() const { return end_; }

  // Every event tells the epoch of its step once this is known; until then it tells 0.
  void SetBatchesPerEpoch(uint64_t batches) { batches_per_epoch_ = batches; }

  // Both at the step of what was told last. The end is told with an exit code of ganserve-trainer: where the states are
  // ours, SUCCEEDED, FAILED, PAUSED or, if another attempt may get further, nothing.
  absl::Status RecordRunning();
  absl::Status RecordEnd(int exit_code, const std::string& message);
  // Looks whether the job is to go on, which the server of a job that is not supervised decides.
  absl::StatusOr<bool> IsWanted();
  // Whether the server of this job wants a trainer for it.
  bool NeedsTrainer() const;

  absl::Status RecordLog(uint64_t step, const std::string& line);
  absl::Status RecordLosses(uint64_t step, const LossReport& losses);
  // The run goes on, or resumes, from `step` after `count` rollbacks in all.
  absl::Status RecordRollback(uint64_t step, int count, double learning_rate_factor);
  absl::Status RecordSample(uint64_t step, const std::string& path);
  absl::Status RecordCheckpoint(uint64_t step, const CheckpointFacts& checkpoint);
  absl::Status RecordExport(uint64_t step, const std::string& path);
  // `seconds`: what the evaluation took.
  absl::Status RecordEvaluation(uint64_t step, const QualityReport& report, double seconds);
  // Everything that is alarming at this step.
  absl::Status RecordAlarm(uint64_t step, const std::string& text);

  // The evaluation with the lowest FID so far.
  struct Best {
    uint64_t step = 0;
    double fid = 0;
  };
  const std::optional<Best>& best() const { return best_; }

  // The same of a history that another process may be writing. Absent, too, when there is none.
  static absl::StatusOr<std::optional<Best>> FindBest(const std::string& path);

 private:
  JobHistory(EventLog events, const std::string& path, bool supervised);
  absl::Status FindTold();
  void NoteTold(const v1::TrainEvent& event);
  bool OwnsStates() const;
  v1::TrainEvent EventAt(uint64_t step);
  bool WasTold(const v1::TrainEvent& event) const;
  // Reads what others have written.
  absl::Status Look();
  absl::Status RecordState(int state, const std::string& message);
  // Everything is written here, and only after everything that others have written has been looked at.
  absl::Status Append(const v1::TrainEvent& event);
  absl::Status AppendOnce(const v1::TrainEvent& event);

  // How far a run has come. Rollbacks go first: what follows a rollback is new although its steps are not.
  using Position = std::pair<int, uint64_t>;  // rollbacks, step

  // These three are never null, except after a move.
  std::unique_ptr<EventLog> events_;
  std::unique_ptr<EventReader> reader_;  // behind the last event that was looked at or written
  std::unique_ptr<JobStanding> standing_;
  bool supervised_;
  bool ousted_ = false;  // by another trainer
  uint64_t batches_per_epoch_ = 0;
  uint64_t step_ = 0;  // of what was told last
  std::optional<End> end_;
  int rollbacks_ = 0;             // of the run that is being recorded
  int told_rollbacks_ = 0;        // in `events`
  std::map<int, Position> told_;  // the last in `events`, by kind of event
  std::optional<Best> best_;
};

}  // namespace ganserve
