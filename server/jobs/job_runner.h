// Runs one job: starts its trainer, again when it dies, stops it, and says in its history what became of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "server/base/clock.h"
#include "server/jobs/job_record.h"
#include "server/jobs/train_metrics.h"
#include "server/jobs/trainer_process.h"

namespace ganserve {

struct JobPromotion {
  std::string id;     // of the job
  std::string model;  // made if there is none
  bool only_if_not_worse = false;
};

// Puts a finished job's generator on duty as a new version of a model and calls `done`, from any thread, with a line
// for people or with why it could not be done; UNAVAILABLE: because the server stops, so the next one is to do it.
using PromoteFunction =
    std::function<void(const JobPromotion& job, std::function<void(absl::StatusOr<std::string>)> done)>;

struct JobRunnerOptions {
  std::string trainer;                           // the ganserve-trainer executable
  std::string data_root;                         // folder of data sets
  int niceness = 19;                             // of trainers, added to the server's
  std::chrono::milliseconds stop_grace{20'000};  // for a checkpoint, between SIGTERM and SIGKILL
  // How often a trainer that dies is started again without a new checkpoint in between, and how long that waits: twice
  // as long each time, up to the maximum.
  int max_restarts = 5;
  std::chrono::milliseconds restart_delay{1'000};
  std::chrono::milliseconds max_restart_delay{60'000};
  PromoteFunction promote;  // empty: promote_to_model is an error that the job's history tells of
};

// Before the restart that follows `restarts` others in a row.
std::chrono::milliseconds RestartDelay(const JobRunnerOptions& options, int restarts);

// Everything is called on the supervisor's thread. Exit codes of trainers: 0 finished, 3 stopped by SIGTERM after a
// checkpoint, 2 and 4 no attempt will succeed, 5 out of disk; anything else, or a signal, is a crash.
class JobRunner {
 public:
  using Done = std::function<void(absl::Status)>;
  // Runs a function on the supervisor's thread, soon; from any thread.
  using Post = std::function<void(std::function<void()>)>;

  // What is borrowed outlives the runner, `post` also the functions that it was given.
  JobRunner(JobRecord record, std::string job_path, const JobRunnerOptions& options, TrainMetrics& metrics,
            const Clock& clock, Post post);

  const JobRecord& record() const { return record_; }
  bool TakeChanged() { return record_.TakeChanged(); }
  // Whether it counts as one of the running jobs.
  bool active() const;
  bool has_process() const { return process_ != nullptr; }

  // Takes up what a server before this one left: what ran is queued again, with its old ticket.
  void Recover();
  absl::Status Queue(uint64_t ticket, const std::string& message) { return record_.MoveToQueue(ticket, message); }
  // Of a QUEUED job.
  void Start();
  // FAILED_PRECONDITION names the state that does not allow it. Pause calls `done` when the process has ended.
  absl::Status Cancel();
  void Pause(Done done);
  // Whether a PAUSED job may be queued again; sets *queue if it is to be.
  absl::Status CheckResume(bool* queue) const;
  // The server stops: ends the process, leaves the job's state for the next server.
  void Stop();

  // Whether the job's history on disk says all that has happened to it: a full disk takes it later.
  absl::Status CheckOnDisk();

  void ReadNews();

  // Does what is due: a restart, a kill, an event that could not be written. The next time that something is.
  Clock::TimePoint Tick();

 private:
  enum class Wish { kRun, kPause, kCancel, kStop };

  void Launch();
  void Terminate(Wish wish);
  void OnExit(const TrainerExit& exit);
  void OnSuccess();
  void OnCrash(const TrainerExit& exit);
  // To PAUSED or a terminal state: nothing is under way any more.
  void FinishWith(v1::TrainJobState state, const std::string& message);
  void AnswerPause(const absl::Status& status);
  absl::Status StateError(const char* what) const;

  JobRecord record_;
  const std::string job_path_;
  const JobRunnerOptions& options_;
  TrainMetrics& metrics_;
  const Clock& clock_;
  const Post post_;
  std::unique_ptr<TrainerProcess> process_;
  Wish wish_ = Wish::kRun;
  bool promoting_ = false;
  int restarts_ = 0;             // in a row
  uint64_t restarted_from_ = 0;  // step of the last checkpoint then
  Clock::TimePoint start_at_ = Clock::TimePoint::max();
  Clock::TimePoint kill_at_ = Clock::TimePoint::max();
  Clock::TimePoint flush_at_ = Clock::TimePoint::max();
  std::vector<Done> pause_waiters_;
};

}  // namespace ganserve
