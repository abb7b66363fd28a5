// One job: its event log and what follows from it.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ganserve/v1/training.pb.h"
#include "server/jobs/event_log.h"
#include "server/jobs/event_reader.h"
#include "server/jobs/job_standing.h"
#include "server/jobs/job_store.h"
#include "server/jobs/train_metrics.h"

namespace ganserve {

// Used by one thread.
class JobRecord {
 public:
  // Reads the job's history. A job without one, because its server died while creating it, is QUEUED.
  static absl::StatusOr<JobRecord> Open(const StoredJob& job, const std::string& events_path);

  // What a trainer has told since the last call.
  struct News {
    bool any = false;               // besides what this record wrote
    double checkpoint_seconds = 0;  // of writing the newest checkpoint, if there was one
  };
  absl::StatusOr<News> ReadNew();

  // Changes the state and tells so. The state holds from now on even if the event cannot be written (a full disk): then
  // it is kept, and Flush tries again. FAILED_PRECONDITION for a transition that must not be.
  absl::Status Move(v1::TrainJobState state, const std::string& message);
  // To QUEUED, behind every job with a lower ticket; as Move.
  absl::Status MoveToQueue(uint64_t ticket, const std::string& message);
  void AddLogLine(const std::string& text);

  // Writes what is waiting to be written.
  absl::Status Flush();
  bool flushed() const { return pending_.empty(); }

  // Whether info() has changed since the last call.
  bool TakeChanged() { return std::exchange(changed_, false); }

  const v1::TrainJobInfo& info() const { return info_; }
  v1::TrainJobState state() const { return info_.state(); }
  const std::string& id() const { return info_.id(); }
  uint64_t ticket() const { return ticket_; }  // 0: never queued
  // What the history that has been read says of trainers in other pods.
  const JobStanding& standing() const { return standing_; }
  TrainJobFigures Figures() const;

 private:
  JobRecord(EventLog log, EventReader reader) : log_(std::move(log)), reader_(std::move(reader)) {}

  // Takes an event of the log into account; states only while `history` is read.
  void Apply(const v1::TrainEvent& event, bool history);
  void SetState(v1::TrainJobState state, const std::string& message);
  // An event of ours, where the job stands.
  v1::TrainEvent NewEvent() const;

  EventLog log_;
  EventReader reader_;
  v1::TrainJobInfo info_;
  bool changed_ = true;
  uint32_t epoch_ = 0;
  uint64_t ticket_ = 0;
  JobStanding standing_;
  int64_t checkpoint_time_ms_ = 0;
  int64_t event_time_ms_ = 0;           // of the newest event
  std::deque<v1::TrainEvent> pending_;  // of ours, not written yet
  std::deque<uint64_t> written_;        // sequences of ours, not read yet
};

}  // namespace ganserve
