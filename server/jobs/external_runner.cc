#include "server/jobs/external_runner.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/lock_file.h"
#include "server/base/status_macros.h"
#include "server/jobs/job_state.h"
#include "server/jobs/trainer_exit_codes.h"
#include "server/log/log.h"

namespace ganserve {
namespace {

constexpr std::chrono::seconds kLookEvery{2};

}  // namespace

absl::StatusOr<std::optional<UniqueFd>> ExternalRunner::LockJob() const { return TryLockFile(job_path_ + "/lock"); }

void ExternalRunner::SetAtWork(bool at_work) {
  at_work_ = at_work;
  look_at_ = at_work ? std::min(look_at_, clock_.Now() + kLookEvery) : Clock::TimePoint::max();
}

void ExternalRunner::Recover() {
  Settle();
  const bool may_be_ending = record_.state() == v1::TRAIN_JOB_STATE_PAUSED && record_.standing().heard();
  if (record_.standing().end() || !(active() || may_be_ending)) return;
  at_work_ = true;  // which the first look finds out
  look_at_ = clock_.Now();
}

void ExternalRunner::ReadNews() {
  const auto news = TakeNews();
  if (news && news->any) Settle();
}

void ExternalRunner::Settle() {
  const JobStanding& standing = record_.standing();
  if (!standing.heard() || promoting_ || IsTerminal(record_.state())) return;
  SetAtWork(true);
  if (record_.state() == v1::TRAIN_JOB_STATE_QUEUED) record_.Move(v1::TRAIN_JOB_STATE_STARTING, "").IgnoreError();
  if (record_.state() == v1::TRAIN_JOB_STATE_STARTING) record_.Move(v1::TRAIN_JOB_STATE_RUNNING, "").IgnoreError();
  if (!standing.end()) return;
  TrainerExit exit;
  exit.code = standing.end()->exit_code();
  exit.last_errors = standing.end()->message();
  OnEnd(exit);
}

void ExternalRunner::OnEnd(const TrainerExit& exit) {
  SetAtWork(false);
  if (record_.state() == v1::TRAIN_JOB_STATE_PAUSED) return AnswerPause();
  const bool stopped = exit.ExitedWith(kTrainerStopped);
  Log(stopped || exit.ExitedWith(kTrainerFinished) ? LogLevel::kInfo : LogLevel::kWarning, "trainer ended",
      {{"job", record_.id()}, {"how", exit.Describe()}, {"errors", exit.last_errors}});
  if (Conclude(exit)) return;
  if (!stopped && !SurvivesDeath(exit)) return;
  const std::string message =
      stopped ? absl::StrCat("trainer ended: ", exit.last_errors) : DeathText(exit, "when the next trainer comes");
  record_.MoveToQueue(record_.ticket(), message).IgnoreError();  // legal for STARTING and RUNNING
}

void ExternalRunner::Look() {
  look_at_ = clock_.Now() + kLookEvery;
  absl::StatusOr<std::optional<UniqueFd>> lock = LockJob();
  if (!lock.ok()) {
    Log(LogLevel::kError, "whether a job has a trainer can't be told",
        {{"job", record_.id()}, {"error", lock.status().message()}});
    return;
  }
  if (!*lock) return;
  // The next trainer may have it, unless the job is to end here.
  if (record_.state() != v1::TRAIN_JOB_STATE_CANCELLING) lock->reset();
  ReadNews();  // its last words
  if (!at_work_) return;
  TrainerExit exit;
  exit.code = TrainerExit::kUnknown;
  OnEnd(exit);
}

absl::Status ExternalRunner::Cancel() {
  ReadNews();
  bool cancel = false;
  GANSERVE_RETURN_IF_ERROR(CheckCancel(&cancel));
  if (!cancel) return absl::OkStatus();
  GANSERVE_ASSIGN_OR_RETURN(const std::optional<UniqueFd> lock, LockJob());
  const bool at_work = !lock;
  if (at_work && record_.state() == v1::TRAIN_JOB_STATE_QUEUED) {
    record_.Move(v1::TRAIN_JOB_STATE_STARTING, "").IgnoreError();  // it reads its data
  }
  if (at_work || active()) record_.Move(v1::TRAIN_JOB_STATE_CANCELLING, "").IgnoreError();
  SetAtWork(at_work);
  if (!at_work) FinishWith(v1::TRAIN_JOB_STATE_CANCELLED, "");
  AnswerPause();
  return absl::OkStatus();
}

void ExternalRunner::Pause(Done done) {
  ReadNews();
  if (record_.state() != v1::TRAIN_JOB_STATE_PAUSED) {
    if (absl::Status status = CheckPause(); !status.ok()) return done(std::move(status));
    absl::StatusOr<std::optional<UniqueFd>> lock = LockJob();
    if (!lock.ok()) return done(std::move(lock).status());
    SetAtWork(!*lock);
    record_.Move(v1::TRAIN_JOB_STATE_PAUSED, "").IgnoreError();  // legal for what may be paused
  }
  pause_waiters_.push_back(std::move(done));
  if (!at_work_) AnswerPause();
}

absl::Status ExternalRunner::CheckDelete() const {
  GANSERVE_RETURN_IF_ERROR(JobRunner::CheckDelete());
  if (record_.state() != v1::TRAIN_JOB_STATE_PAUSED || !at_work_) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("job ", record_.id(), " is PAUSED, but its trainer has not ended yet; then it can be deleted"));
}

void ExternalRunner::Stop() {
  look_at_ = Clock::TimePoint::max();
  for (const Done& done : std::exchange(pause_waiters_, {})) {
    done(absl::UnavailableError("the server is stopping; the job is PAUSED and its trainer will end"));
  }
}

Clock::TimePoint ExternalRunner::Tick() {
  if (clock_.Now() >= look_at_) Look();
  return std::min(look_at_, JobRunner::Tick());
}

}  // namespace ganserve
