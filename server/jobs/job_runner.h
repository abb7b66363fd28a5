// Runs one job, wherever its trainer is: what all ways to run it have in common.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
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
  bool external = false;                         // trainers run in other pods: ExternalRunner, else ProcessRunner
  std::string device = "cpu";                    // of trainers, as their --device
  int niceness = 19;                             // of trainers, added to the server's
  uint64_t memory_limit_bytes = 0;               // of a trainer, besides the spec's; 0: none
  std::chrono::milliseconds stop_grace{20'000};  // for a checkpoint, between SIGTERM and SIGKILL
  // How often a trainer that dies may be followed by another without a new checkpoint in between, and how long starting
  // it waits: twice as long each time, up to the maximum.
  int max_restarts = 5;
  std::chrono::milliseconds restart_delay{1'000};
  std::chrono::milliseconds max_restart_delay{60'000};
  PromoteFunction promote;  // empty: promote_to_model is an error that the job's history tells of
};

// Everything is called on the supervisor's thread.
class JobRunner {
 public:
  using Done = std::function<void(absl::Status)>;
  // Runs a function on the supervisor's thread, soon; from any thread.
  using Post = std::function<void(std::function<void()>)>;

  // What is borrowed outlives the runner, `post` also the functions that it was given.
  static std::unique_ptr<JobRunner> Create(JobRecord record, std::string job_path, const JobRunnerOptions& options,
                                           TrainMetrics& metrics, const Clock& clock, Post post);
  JobRunner(JobRecord record, std::string job_path, const JobRunnerOptions& options, TrainMetrics& metrics,
            const Clock& clock, Post post);
  JobRunner(const JobRunner&) = delete;
  JobRunner& operator=(const JobRunner&) = delete;
  virtual ~JobRunner() = default;

  const JobRecord& record() const { return record_; }
  bool TakeChanged() { return record_.TakeChanged(); }
  // Whether it counts as one of the running jobs.
  bool active() const;
  // Whether it has a process of this server, whose end is to be waited for.
  virtual bool has_process() const { return false; }

  // Takes up what a server before this one left.
  virtual void Recover() = 0;
  absl::Status Queue(uint64_t ticket, const std::string& message);
  // Of a QUEUED job whose turn has come. Trainers in other pods come by themselves.
  virtual void Start() {}
  // FAILED_PRECONDITION names the state that does not allow it. Pause calls `done` when the trainer has ended.
  virtual absl::Status Cancel() = 0;
  virtual void Pause(Done done) = 0;
  // Whether a PAUSED job may be queued again; sets *queue if it is to be.
  absl::Status CheckResume(bool* queue) const;
  virtual absl::Status CheckDelete() const;
  // The server stops; the job's state is left for the next server.
  virtual void Stop() = 0;

  // Whether the job's history on disk says all that has happened to it: a full disk takes it later.
  absl::Status CheckOnDisk();

  virtual void ReadNews() = 0;

  // Does what is due, as writing an event that could not be written. The next time that something is.
  virtual Clock::TimePoint Tick();

 protected:
  // Reads what others have written; nothing when it can't be read, which the log says.
  std::optional<JobRecord::News> TakeNews();
  // Finishes or halts the job if that is what the trainer's end means; false if another is to go on.
  bool Conclude(const TrainerExit& exit);
  // Counts a death that another trainer may get past; false after too many, which fail the job.
  bool SurvivesDeath(const TrainerExit& exit);
  // Of a death that was survived, for people; `when` the next trainer comes.
  std::string DeathText(const TrainerExit& exit, const std::string& when) const;
  // To PAUSED or a terminal state: nothing is under way any more.
  virtual void FinishWith(v1::TrainJobState state, const std::string& message);
  // Tells those who wait for a pause whether the job is paused.
  void AnswerPause();
  absl::Status StateError(const char* what) const;
  // Whether the state allows it; *cancel is false for what is cancelled already.
  absl::Status CheckCancel(bool* cancel) const;
  // For a job that is not PAUSED.
  absl::Status CheckPause() const;

  JobRecord record_;
  const std::string job_path_;
  const JobRunnerOptions& options_;
  TrainMetrics& metrics_;
  const Clock& clock_;
  const Post post_;
  bool promoting_ = false;
  int deaths_ = 0;  // of trainers, in a row
  std::vector<Done> pause_waiters_;

 private:
  void Succeed();

  uint64_t checkpoint_at_death_ = 0;  // step of the last one then
  Clock::TimePoint flush_at_ = Clock::TimePoint::max();
};

}  // namespace ganserve
