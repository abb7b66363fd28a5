// Runs a job in a process of the server's: starts its trainer, again when it dies, stops it, and says in the job's
// history what became of it.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "server/jobs/job_runner.h"

namespace ganserve {

// Before the restart that follows `restarts` others in a row.
std::chrono::milliseconds RestartDelay(const JobRunnerOptions& options, int restarts);

// A server that stops or dies takes the process along; what ran is queued again by the next one, with its old ticket.
class ProcessRunner final : public JobRunner {
 public:
  using JobRunner::JobRunner;  // as JobRunner::Create

  bool has_process() const override { return process_ != nullptr; }
  void Recover() override;
  void Start() override;
  absl::Status Cancel() override;
  void Pause(Done done) override;
  // Ends the process.
  void Stop() override;
  void ReadNews() override;
  Clock::TimePoint Tick() override;

 private:
  enum class Wish { kRun, kPause, kCancel, kStop };

  void Launch();
  void Terminate(Wish wish);
  void OnExit(const TrainerExit& exit);
  void OnCrash(const TrainerExit& exit);
  void FinishWith(v1::TrainJobState state, const std::string& message) override;

  std::unique_ptr<TrainerProcess> process_;
  Wish wish_ = Wish::kRun;
  Clock::TimePoint start_at_ = Clock::TimePoint::max();
  Clock::TimePoint kill_at_ = Clock::TimePoint::max();
};

}  // namespace ganserve
