// Runs a job whose trainer is in another pod: follows the job's history and says in it what is wanted of the trainer.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/unique_fd.h"
#include "server/jobs/job_runner.h"

namespace ganserve {

// A trainer comes by itself (`ganserve-trainer run` or `work`), holds the flock of <job>/lock while it is at work,
// tells of its end, and ends between two steps when the state says that it is not wanted (JobStanding). One that is
// killed tells nothing: its lock is free then, which is looked at every two seconds while one is thought to be at work.
//
// CANCELLED is written when the trainer has told of its end or while the job's lock is held here, so that nothing
// follows that event.
class ExternalRunner final : public JobRunner {
 public:
  using JobRunner::JobRunner;  // as JobRunner::Create

  void Recover() override;
  absl::Status Cancel() override;
  void Pause(Done done) override;
  // Also FAILED_PRECONDITION while the trainer of a PAUSED job has not ended.
  absl::Status CheckDelete() const override;
  // Leaves the trainer at work; whoever waits for a pause is told UNAVAILABLE.
  void Stop() override;
  void ReadNews() override;
  Clock::TimePoint Tick() override;

 private:
  // As TryLockFile: nothing if a trainer is at work.
  absl::StatusOr<std::optional<UniqueFd>> LockJob() const;
  void SetAtWork(bool at_work);
  // Makes the state that of what the trainer has told.
  void Settle();
  void OnEnd(const TrainerExit& exit);
  void Look();

  bool at_work_ = false;  // a trainer, as far as is known
  Clock::TimePoint look_at_ = Clock::TimePoint::max();
};

}  // namespace ganserve
