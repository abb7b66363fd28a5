#include "server/jobs/process_runner.h"

#include <signal.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/jobs/trainer_exit_codes.h"
#include "server/log/log.h"

namespace ganserve {

std::chrono::milliseconds RestartDelay(const JobRunnerOptions& options, int restarts) {
  std::chrono::milliseconds delay = options.restart_delay;
  for (int i = 0; i < restarts && delay < options.max_restart_delay; ++i) delay *= 2;
  return std::min(delay, options.max_restart_delay);
}

void ProcessRunner::Recover() {
  if (record_.state() == v1::TRAIN_JOB_STATE_CANCELLING) {
    FinishWith(v1::TRAIN_JOB_STATE_CANCELLED, "cancelled before the server was restarted");
  } else if (active()) {
    record_.MoveToQueue(record_.ticket(), "the server was restarted").IgnoreError();  // legal for these
  }
}

void ProcessRunner::Start() {
  wish_ = Wish::kRun;
  record_.Move(v1::TRAIN_JOB_STATE_STARTING, "").IgnoreError();  // legal for a queued job
  Launch();
}

void ProcessRunner::Launch() {
  start_at_ = Clock::TimePoint::max();
  TrainerCommand command;
  command.arguments = {options_.trainer,   "run",      "--job-dir",     job_path_,     "--data-root",
                       options_.data_root, "--device", options_.device, "--supervised"};
  command.niceness = options_.niceness;
  command.memory_limit_bytes = SmallerLimit(record_.info().spec().memory_limit_bytes(), options_.memory_limit_bytes);
  auto process =
      TrainerProcess::Start(command, [this](const TrainerExit& exit) { post_([=, this] { OnExit(exit); }); });
  if (!process.ok()) {
    TrainerExit exit;
    exit.code = 127;  // as a shell has it
    exit.last_errors = std::string(process.status().message());
    return OnCrash(exit);
  }
  process_ = *std::move(process);
  Log(LogLevel::kInfo, "trainer started", {{"job", record_.id()}, {"pid", process_->pid()}});
}

absl::Status ProcessRunner::Cancel() {
  bool cancel = false;
  GANSERVE_RETURN_IF_ERROR(CheckCancel(&cancel));
  if (!cancel) return absl::OkStatus();
  if (active()) record_.Move(v1::TRAIN_JOB_STATE_CANCELLING, "").IgnoreError();  // legal for these
  if (process_ != nullptr) {
    Terminate(Wish::kCancel);
  } else {
    FinishWith(v1::TRAIN_JOB_STATE_CANCELLED, "");
  }
  return absl::OkStatus();
}

void ProcessRunner::Pause(Done done) {
  if (record_.state() == v1::TRAIN_JOB_STATE_PAUSED) return done(absl::OkStatus());
  if (absl::Status status = CheckPause(); !status.ok()) return done(std::move(status));
  pause_waiters_.push_back(std::move(done));
  if (process_ == nullptr) return FinishWith(v1::TRAIN_JOB_STATE_PAUSED, "");
  Terminate(Wish::kPause);
}

void ProcessRunner::Stop() {
  start_at_ = Clock::TimePoint::max();
  if (process_ == nullptr) return;
  // One that is being paused or cancelled still ends so.
  Terminate(wish_ == Wish::kRun ? Wish::kStop : wish_);
}

void ProcessRunner::Terminate(Wish wish) {
  wish_ = wish;
  process_->Signal(SIGTERM);
  kill_at_ = std::min(kill_at_, clock_.Now() + options_.stop_grace);
}

void ProcessRunner::ReadNews() {
  const auto news = TakeNews();
  // The trainer's first word says that it trains.
  if (news && news->any && process_ != nullptr && record_.state() == v1::TRAIN_JOB_STATE_STARTING) {
    record_.Move(v1::TRAIN_JOB_STATE_RUNNING, "").IgnoreError();
  }
}

void ProcessRunner::OnExit(const TrainerExit& exit) {
  ReadNews();
  process_.reset();
  kill_at_ = Clock::TimePoint::max();
  const bool well = exit.ExitedWith(kTrainerFinished) || exit.ExitedWith(kTrainerStopped);
  Log(well ? LogLevel::kInfo : LogLevel::kWarning, "trainer ended",
      {{"job", record_.id()}, {"how", exit.Describe()}, {"errors", exit.last_errors}});
  if (Conclude(exit)) return;
  if (wish_ == Wish::kStop) return;  // the next server goes on
  if (wish_ != Wish::kPause) return OnCrash(exit);
  FinishWith(v1::TRAIN_JOB_STATE_PAUSED,
             exit.ExitedWith(kTrainerStopped)
                 ? ""
                 : absl::StrCat("without a new checkpoint: its trainer ended with ", exit.Describe()));
}

void ProcessRunner::OnCrash(const TrainerExit& exit) {
  if (!SurvivesDeath(exit)) return;
  const auto delay = RestartDelay(options_, deaths_ - 1);
  const std::string message = DeathText(exit, absl::StrCat("in ", delay.count(), " ms"));
  if (record_.state() == v1::TRAIN_JOB_STATE_RUNNING) {
    record_.Move(v1::TRAIN_JOB_STATE_STARTING, message).IgnoreError();
  } else {
    record_.AddLogLine(message);
  }
  start_at_ = clock_.Now() + delay;
}

void ProcessRunner::FinishWith(v1::TrainJobState state, const std::string& message) {
  start_at_ = Clock::TimePoint::max();  // a restart may be due
  wish_ = Wish::kRun;
  JobRunner::FinishWith(state, message);
}

Clock::TimePoint ProcessRunner::Tick() {
  const Clock::TimePoint now = clock_.Now();
  if (now >= kill_at_ && process_ != nullptr) {
    process_->Signal(SIGKILL);
    kill_at_ = Clock::TimePoint::max();
  }
  if (now >= start_at_) Launch();
  return std::min({kill_at_, start_at_, JobRunner::Tick()});
}

}  // namespace ganserve
