// Training jobs: accepts them, runs a bounded number at a time, queues the others, and takes them all up again when the
// server comes back. The only way into this folder for the rest of the server.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ganserve/v1/training.pb.h"
#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/base/task_thread.h"
#include "server/jobs/file_watcher.h"
#include "server/jobs/job_runner.h"
#include "server/jobs/job_store.h"
#include "server/jobs/job_table.h"
#include "server/jobs/job_watch.h"
#include "server/jobs/train_metrics.h"

namespace ganserve {

// Whatever changes a job happens on one thread, the supervisor's. Methods may be called from any thread and do not wait
// for it: they answer through a function that is called once, from a thread of the supervisor, under no lock. When it
// is called with OK the change is in the job's history, on disk. Unless said otherwise errors are NOT_FOUND for an
// unknown job, FAILED_PRECONDITION naming a state that does not allow it, UNAVAILABLE while stopping, and
// RESOURCE_EXHAUSTED when the disk is full: then Cancel, Pause and Resume have been done, and are on disk once there is
// room.
class TrainSupervisor {
 public:
  struct Options {
    std::string jobs;         // the folder of all jobs
    size_t max_running = 1;   // at a time; 1 or more
    size_t max_queued = 100;  // beyond them
    size_t max_jobs = 1000;   // in all, with those that have ended
    JobRunnerOptions runner;
    // Whether the data of a resolved spec is there and suits it; may take long. Called from a thread of its own; `stop`
    // tells it to give up, with any error.
    std::function<absl::Status(const v1::TrainSpec& spec, std::stop_token stop)> check_data;
  };

  // Opens the folder and takes note of the jobs in it. `metrics` and `clock` outlive the supervisor. Errors name the
  // folder.
  static absl::StatusOr<std::unique_ptr<TrainSupervisor>> Create(Options options, TrainMetrics& metrics,
                                                                 const Clock& clock);
  ~TrainSupervisor();

  // From here on jobs run and calls are answered; calls may come before. Once.
  void Start();

  using Done = std::function<void(absl::StatusOr<v1::TrainJobInfo>)>;

  // A job for the request's spec; with a request id that is known, that job. Errors: INVALID_ARGUMENT naming every
  // field out of range; ALREADY_EXISTS for a known request id with another spec; FAILED_PRECONDITION for data that is
  // not there or of no use, and for a promotion on a server without a model repository; RESOURCE_EXHAUSTED for too many
  // jobs or a full disk, and no job is left.
  void Submit(const v1::TrainJobRequest& request, const Done& done);

  void Cancel(const std::string& id, const Done& done);
  // Answers when the trainer has ended.
  void Pause(const std::string& id, const Done& done);
  void Resume(const std::string& id, const Done& done);
  // The answer is the job as it last stood.
  void Delete(const std::string& id, const Done& done);

  // The jobs as they stand. What was answered with OK is in it.
  const JobTable& table() const { return table_; }

  // See JobWatch; it must go before the supervisor does. This one answers at once.
  absl::StatusOr<std::unique_ptr<JobWatch>> Watch(const std::string& id, uint64_t after_sequence,
                                                  std::function<void()> on_change);

  // Where the job's files are.
  std::string JobPath(const std::string& id) const { return store_.JobPath(id); }

  // Ends the watches and the check of data under way, and tells the trainers to stop; no job is accepted any more.
  void BeginStop();
  // BeginStop, then waits for the trainers, at most JobRunnerOptions::stop_grace. Jobs that ran go on at the next
  // start. Idempotent; from one thread.
  void Close();

 private:
  static constexpr size_t kMaxIntake = 64;  // data sets that wait to be read

  static absl::Status Stopping();

  TrainSupervisor(Options options, JobStore store, std::unique_ptr<FileWatcher> files, TrainMetrics& metrics,
                  const Clock& clock);

  // On the supervisor's thread, or before there is one.
  absl::Status Load();
  absl::Status Add(const StoredJob& job);
  void Run();
  void Admit(const v1::TrainSpec& spec, const std::string& request_id, const Done& done);
  void CreateJob(const v1::TrainSpec& spec, const std::string& request_id, const Done& done);
  // False if there is no job with this request id; otherwise answers.
  bool AnswerKnown(const v1::TrainSpec& spec, const std::string& request_id, const Done& done);
  // Whether one more job may be kept, and be queued.
  absl::Status CheckRoom() const;
  absl::Status CheckQueue() const;
  void CountWatchers(int change);
  void Forget(const std::string& id);
  void StartQueued();
  Clock::TimePoint TickAll();
  void Publish();

  // Any thread. Post runs the function on the supervisor's thread, also while stopping; false when that thread is gone.
  bool Post(std::function<void()> task);
  void PostOrAnswer(const Done& done, std::function<void()> task);
  // Runs `change` with the job.
  void Change(const std::string& id, const Done& done, std::function<void(JobRunner& job)> change);
  // With the job as it stands now, or with the error. A Status goes from hand to hand and is never shared by threads:
  // ThreadSanitizer does not see the reference counts of Debian's absl.
  void Answer(JobRunner& job, absl::Status status, const Done& done);

  const Options options_;
  const JobStore store_;
  TrainMetrics& metrics_;
  const Clock& clock_;
  std::atomic<bool> stopping_ = false;
  Mutex watchers_mutex_;
  int watchers_ ABSL_GUARDED_BY(watchers_mutex_) = 0;
  std::unique_ptr<FileWatcher> files_;
  JobTable table_;

  // Of the supervisor's thread.
  std::map<std::string, std::unique_ptr<JobRunner>> jobs_;
  std::map<std::string, std::string> ids_by_request_;
  std::map<std::string, uint64_t> file_watches_;
  uint64_t last_ticket_ = 0;

  Mutex mutex_;
  CondVar work_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;  // no task runs any more

  std::stop_source checks_stop_;
  TaskThread intake_;  // checks data
  std::jthread thread_;
};

}  // namespace ganserve
