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
namespace v1 {
class TrainEvent;
}

// The states that a trainer without a server writes itself.
enum class JobState { kRunning, kPaused, kSucceeded, kFailed };

struct CheckpointFacts {
  std::string path;    // relative to the job directory, as all below
  std::string sha256;  // of the file
  double seconds = 0;  // that writing it took; 0: not known
};

// Used by one thread. Everything is durable when a call returns, and errors are those of EventLog. A run that resumes
// does again what came after its checkpoint: losses, rollbacks and files that the history tells of are not told twice.
class JobHistory {
 public:
  // `supervised`: a server writes the states of this job; RecordState() does nothing.
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

  // At the step of what was told last. kSucceeded and kFailed are terminal events.
  absl::Status RecordState(JobState state, const std::string& message);
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
  JobHistory(std::unique_ptr<EventLog> events, bool supervised);
  absl::Status FindTold(const std::string& path);
  v1::TrainEvent EventAt(uint64_t step);
  bool WasTold(const v1::TrainEvent& event) const;
  absl::Status AppendOnce(v1::TrainEvent event);

  // How far a run has come. Rollbacks go first: what follows a rollback is new although its steps are not.
  using Position = std::pair<int, uint64_t>;  // rollbacks, step

  std::unique_ptr<EventLog> events_;  // never null, except after a move
  bool supervised_;
  uint64_t batches_per_epoch_ = 0;
  uint64_t step_ = 0;  // of what was told last
  std::optional<End> end_;
  int rollbacks_ = 0;             // of the run that is being recorded
  int told_rollbacks_ = 0;        // in `events`
  std::map<int, Position> told_;  // the last in `events`, by kind of event
  std::optional<Best> best_;
};

}  // namespace ganserve
