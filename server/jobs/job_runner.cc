#include "server/jobs/job_runner.h"

#include <signal.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/jobs/job_state.h"
#include "server/jobs/trainer_exit_codes.h"
#include "server/log/log.h"

namespace ganserve {
namespace {

constexpr std::chrono::seconds kFlushAgain{5};

// What a trainer said last, for a message.
std::string Said(const TrainerExit& exit) {
  const absl::string_view text = absl::StripAsciiWhitespace(exit.last_errors);
  return text.empty() ? "" : absl::StrCat(": ", text);
}

}  // namespace

std::chrono::milliseconds RestartDelay(const JobRunnerOptions& options, int restarts) {
  std::chrono::milliseconds delay = options.restart_delay;
  for (int i = 0; i < restarts && delay < options.max_restart_delay; ++i) delay *= 2;
  return std::min(delay, options.max_restart_delay);
}

JobRunner::JobRunner(JobRecord record, std::string job_path, const JobRunnerOptions& options, TrainMetrics& metrics,
                     const Clock& clock, Post post)
    : record_(std::move(record)),
      job_path_(std::move(job_path)),
      options_(options),
      metrics_(metrics),
      clock_(clock),
      post_(std::move(post)) {}

bool JobRunner::active() const {
  const v1::TrainJobState state = record_.state();
  return state == v1::TRAIN_JOB_STATE_STARTING || state == v1::TRAIN_JOB_STATE_RUNNING ||
         state == v1::TRAIN_JOB_STATE_CANCELLING;
}

void JobRunner::Recover() {
  if (record_.state() == v1::TRAIN_JOB_STATE_CANCELLING) {
    FinishWith(v1::TRAIN_JOB_STATE_CANCELLED, "cancelled before the server was restarted");
  } else if (active()) {
    record_.MoveToQueue(record_.ticket(), "the server was restarted").IgnoreError();  // legal for these
  }
}

void JobRunner::Start() {
  wish_ = Wish::kRun;
  restarts_ = 0;
  record_.Move(v1::TRAIN_JOB_STATE_STARTING, "").IgnoreError();  // legal for a queued job
  Launch();
}

void JobRunner::Launch() {
  start_at_ = Clock::TimePoint::max();
  restarted_from_ = record_.info().last_checkpoint().step();
  TrainerCommand command;
  command.arguments = {options_.trainer,   "run",         "--job-dir", job_path_, "--data-root",
                       options_.data_root, "--supervised"};
  command.niceness = options_.niceness;
  command.memory_limit_bytes = record_.info().spec().memory_limit_bytes();
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

absl::Status JobRunner::StateError(const char* what) const {
  const char* doing = promoting_ ? ", trained and being promoted" : wish_ == Wish::kPause ? " and being paused" : "";
  return absl::FailedPreconditionError(
      absl::StrCat("job ", record_.id(), " is ", TrainJobStateName(record_.state()), doing, "; it can't be ", what));
}

absl::Status JobRunner::Cancel() {
  switch (record_.state()) {
    case v1::TRAIN_JOB_STATE_CANCELLED:
    case v1::TRAIN_JOB_STATE_CANCELLING:
      return absl::OkStatus();
    case v1::TRAIN_JOB_STATE_QUEUED:
    case v1::TRAIN_JOB_STATE_PAUSED:
      FinishWith(v1::TRAIN_JOB_STATE_CANCELLED, "");
      return absl::OkStatus();
    case v1::TRAIN_JOB_STATE_STARTING:
    case v1::TRAIN_JOB_STATE_RUNNING:
      if (promoting_) return StateError("cancelled");
      break;
    default:
      return StateError("cancelled");
  }
  record_.Move(v1::TRAIN_JOB_STATE_CANCELLING, "").IgnoreError();  // legal for these
  if (process_ != nullptr) {
    Terminate(Wish::kCancel);
  } else {
    FinishWith(v1::TRAIN_JOB_STATE_CANCELLED, "");
  }
  return absl::OkStatus();
}

void JobRunner::Pause(Done done) {
  const v1::TrainJobState state = record_.state();
  if (state == v1::TRAIN_JOB_STATE_PAUSED) return done(absl::OkStatus());
  const bool running = state == v1::TRAIN_JOB_STATE_STARTING || state == v1::TRAIN_JOB_STATE_RUNNING;
  if (promoting_ || (!running && state != v1::TRAIN_JOB_STATE_QUEUED)) return done(StateError("paused"));
  pause_waiters_.push_back(std::move(done));
  if (process_ == nullptr) return FinishWith(v1::TRAIN_JOB_STATE_PAUSED, "");
  Terminate(Wish::kPause);
}

absl::Status JobRunner::CheckResume(bool* queue) const {
  *queue = record_.state() == v1::TRAIN_JOB_STATE_PAUSED;
  const bool goes_on = record_.state() == v1::TRAIN_JOB_STATE_QUEUED ||
                       record_.state() == v1::TRAIN_JOB_STATE_STARTING ||
                       record_.state() == v1::TRAIN_JOB_STATE_RUNNING;
  return *queue || (goes_on && wish_ == Wish::kRun) ? absl::OkStatus() : StateError("resumed");
}

void JobRunner::Stop() {
  start_at_ = Clock::TimePoint::max();
  if (process_ == nullptr) return;
  // One that is being paused or cancelled still ends so.
  Terminate(wish_ == Wish::kRun ? Wish::kStop : wish_);
}

void JobRunner::Terminate(Wish wish) {
  wish_ = wish;
  process_->Signal(SIGTERM);
  kill_at_ = std::min(kill_at_, clock_.Now() + options_.stop_grace);
}

absl::Status JobRunner::CheckOnDisk() {
  const absl::Status written = record_.Flush();
  if (written.ok()) return written;
  return absl::Status(written.code(), absl::StrCat("job ", record_.id(), " is ", TrainJobStateName(record_.state()),
                                                   ", but its history could not be written yet, which is tried again "
                                                   "and again: ",
                                                   written.message()));
}

void JobRunner::ReadNews() {
  const auto news = record_.ReadNew();
  if (!news.ok()) {
    Log(LogLevel::kError, "a job's events can't be read", {{"job", record_.id()}, {"error", news.status().message()}});
    return;
  }
  if (news->checkpoint_seconds > 0) metrics_.ObserveCheckpoint(TrainMetrics::Seconds(news->checkpoint_seconds));
  // The trainer's first word says that it trains.
  if (news->any && process_ != nullptr && record_.state() == v1::TRAIN_JOB_STATE_STARTING) {
    record_.Move(v1::TRAIN_JOB_STATE_RUNNING, "").IgnoreError();
  }
}

void JobRunner::OnExit(const TrainerExit& exit) {
  ReadNews();
  process_.reset();
  kill_at_ = Clock::TimePoint::max();
  Log(exit.signal == 0 && (exit.code == kTrainerFinished || exit.code == kTrainerStopped) ? LogLevel::kInfo
                                                                                          : LogLevel::kWarning,
      "trainer ended", {{"job", record_.id()}, {"how", exit.Describe()}, {"errors", exit.last_errors}});
  const bool exited = exit.signal == 0;
  if (exited && exit.code == kTrainerFinished) return OnSuccess();
  if (wish_ == Wish::kCancel) return FinishWith(v1::TRAIN_JOB_STATE_CANCELLED, "");
  if (exited && (exit.code == kTrainerPermanentError || exit.code == kTrainerUsageError)) {
    return FinishWith(v1::TRAIN_JOB_STATE_FAILED, absl::StrCat("trainer ended with ", exit.Describe(), Said(exit)));
  }
  if (exited && exit.code == kTrainerOutOfDisk) {
    return FinishWith(v1::TRAIN_JOB_STATE_PAUSED, absl::StrCat("out of disk; free some and resume", Said(exit)));
  }
  if (wish_ == Wish::kStop) return;  // the next server goes on
  if (wish_ == Wish::kPause) {
    return FinishWith(v1::TRAIN_JOB_STATE_PAUSED,
                      exited && exit.code == kTrainerStopped
                          ? ""
                          : absl::StrCat("without a new checkpoint: its trainer ended with ", exit.Describe()));
  }
  OnCrash(exit);
}

void JobRunner::OnSuccess() {
  // A trainer that had nothing left to do may have told nothing.
  if (record_.state() == v1::TRAIN_JOB_STATE_STARTING) record_.Move(v1::TRAIN_JOB_STATE_RUNNING, "").IgnoreError();
  const v1::TrainSpec& spec = record_.info().spec();
  const std::string& model = spec.promote_to_model();
  if (model.empty()) return FinishWith(v1::TRAIN_JOB_STATE_SUCCEEDED, "");
  if (record_.state() == v1::TRAIN_JOB_STATE_CANCELLING) {
    return FinishWith(v1::TRAIN_JOB_STATE_SUCCEEDED, absl::StrCat("not promoted to ", model, ": cancelled"));
  }
  if (!options_.promote) {
    return FinishWith(v1::TRAIN_JOB_STATE_SUCCEEDED,
                      absl::StrCat("not promoted to ", model, ": the server has no model repository (--models)"));
  }
  promoting_ = true;
  wish_ = Wish::kRun;
  AnswerPause(StateError("paused"));
  const JobPromotion promotion{record_.id(), model, spec.promote_only_if_not_worse()};
  options_.promote(promotion, [this](const absl::StatusOr<std::string>& result) {
    post_([=, this] {
      if (absl::IsUnavailable(result.status())) return;  // the server stops; the next one promotes
      promoting_ = false;
      FinishWith(v1::TRAIN_JOB_STATE_SUCCEEDED,
                 result.ok() ? *result : absl::StrCat("not promoted: ", result.status().message()));
    });
  });
}

void JobRunner::OnCrash(const TrainerExit& exit) {
  const std::string how = exit.Describe();
  if (record_.info().last_checkpoint().step() != restarted_from_) restarts_ = 0;
  if (restarts_ >= options_.max_restarts) {
    return FinishWith(v1::TRAIN_JOB_STATE_FAILED, absl::StrCat("trainer ended with ", how, " after ", restarts_,
                                                               " restarts without a new checkpoint", Said(exit)));
  }
  const auto delay = RestartDelay(options_, restarts_);
  ++restarts_;
  metrics_.CountRestart();
  const std::string message = absl::StrCat("trainer ended with ", how, "; restart ", restarts_, " of ",
                                           options_.max_restarts, " in ", delay.count(), " ms", Said(exit));
  if (record_.state() == v1::TRAIN_JOB_STATE_RUNNING) {
    record_.Move(v1::TRAIN_JOB_STATE_STARTING, message).IgnoreError();
  } else {
    record_.AddLogLine(message);
  }
  start_at_ = clock_.Now() + delay;
}

void JobRunner::FinishWith(v1::TrainJobState state, const std::string& message) {
  start_at_ = Clock::TimePoint::max();  // a restart may be due
  wish_ = Wish::kRun;
  if (const absl::Status status = record_.Move(state, message); !status.ok()) {
    Log(LogLevel::kError, "a job's state can't change", {{"job", record_.id()}, {"error", status.message()}});
  }
  Log(LogLevel::kInfo, "job state",
      {{"job", record_.id()}, {"state", TrainJobStateName(record_.state())}, {"reason", message}});
  AnswerPause(state == v1::TRAIN_JOB_STATE_PAUSED ? absl::OkStatus() : StateError("paused"));
}

void JobRunner::AnswerPause(const absl::Status& status) {
  for (const Done& done : std::exchange(pause_waiters_, {})) {
    done(absl::Status(status.code(), status.message()));  // one of its own for each, see TrainSupervisor::Answer
  }
}

Clock::TimePoint JobRunner::Tick() {
  const Clock::TimePoint now = clock_.Now();
  if (now >= kill_at_ && process_ != nullptr) {
    process_->Signal(SIGKILL);
    kill_at_ = Clock::TimePoint::max();
  }
  if (now >= start_at_) Launch();
  if (record_.flushed()) {
    flush_at_ = Clock::TimePoint::max();
  } else if (flush_at_ == Clock::TimePoint::max() || now >= flush_at_) {
    if (const absl::Status status = record_.Flush(); !status.ok()) {
      Log(LogLevel::kWarning, "a job's history can't be written and is tried again",
          {{"job", record_.id()}, {"error", status.message()}});
    }
    flush_at_ = record_.flushed() ? Clock::TimePoint::max() : now + kFlushAgain;
  }
  return std::min({kill_at_, start_at_, flush_at_});
}

}  // namespace ganserve
