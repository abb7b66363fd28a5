#include "server/jobs/job_runner.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/jobs/external_runner.h"
#include "server/jobs/job_state.h"
#include "server/jobs/process_runner.h"
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

std::unique_ptr<JobRunner> JobRunner::Create(JobRecord record, std::string job_path, const JobRunnerOptions& options,
                                             TrainMetrics& metrics, const Clock& clock, Post post) {
  if (options.external) {
    return std::make_unique<ExternalRunner>(std::move(record), std::move(job_path), options, metrics, clock,
                                            std::move(post));
  }
  return std::make_unique<ProcessRunner>(std::move(record), std::move(job_path), options, metrics, clock,
                                         std::move(post));
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

absl::Status JobRunner::StateError(const char* what) const {
  const char* doing = promoting_ ? ", trained and being promoted" : !pause_waiters_.empty() ? " and being paused" : "";
  return absl::FailedPreconditionError(
      absl::StrCat("job ", record_.id(), " is ", TrainJobStateName(record_.state()), doing, "; it can't be ", what));
}

absl::Status JobRunner::Queue(uint64_t ticket, const std::string& message) {
  deaths_ = 0;
  const absl::Status status = record_.MoveToQueue(ticket, message);
  AnswerPause();
  return status;
}

absl::Status JobRunner::CheckCancel(bool* cancel) const {
  const v1::TrainJobState state = record_.state();
  const bool cancelled = state == v1::TRAIN_JOB_STATE_CANCELLING || state == v1::TRAIN_JOB_STATE_CANCELLED;
  *cancel = !cancelled && !promoting_ && !IsTerminal(state);
  return cancelled || *cancel ? absl::OkStatus() : StateError("cancelled");
}

absl::Status JobRunner::CheckPause() const {
  const v1::TrainJobState state = record_.state();
  const bool running = state == v1::TRAIN_JOB_STATE_STARTING || state == v1::TRAIN_JOB_STATE_RUNNING;
  const bool can = !promoting_ && (running || state == v1::TRAIN_JOB_STATE_QUEUED);
  return can ? absl::OkStatus() : StateError("paused");
}

absl::Status JobRunner::CheckResume(bool* queue) const {
  *queue = record_.state() == v1::TRAIN_JOB_STATE_PAUSED;
  const bool goes_on = record_.state() == v1::TRAIN_JOB_STATE_QUEUED ||
                       record_.state() == v1::TRAIN_JOB_STATE_STARTING ||
                       record_.state() == v1::TRAIN_JOB_STATE_RUNNING;
  return *queue || (goes_on && pause_waiters_.empty()) ? absl::OkStatus() : StateError("resumed");
}

absl::Status JobRunner::CheckDelete() const {
  if (IsTerminal(record_.state()) || record_.state() == v1::TRAIN_JOB_STATE_PAUSED) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("job ", record_.id(), " is ", TrainJobStateName(record_.state()),
                                                    "; only one that has ended or is PAUSED can be deleted"));
}

absl::Status JobRunner::CheckOnDisk() {
  const absl::Status written = record_.Flush();
  if (written.ok()) return written;
  return absl::Status(written.code(), absl::StrCat("job ", record_.id(), " is ", TrainJobStateName(record_.state()),
                                                   ", but its history could not be written yet, which is tried again "
                                                   "and again: ",
                                                   written.message()));
}

std::optional<JobRecord::News> JobRunner::TakeNews() {
  const auto news = record_.ReadNew();
  if (!news.ok()) {
    Log(LogLevel::kError, "a job's events can't be read", {{"job", record_.id()}, {"error", news.status().message()}});
    return std::nullopt;
  }
  if (news->checkpoint_seconds > 0) metrics_.ObserveCheckpoint(TrainMetrics::Seconds(news->checkpoint_seconds));
  return *news;
}

bool JobRunner::Conclude(const TrainerExit& exit) {
  if (exit.ExitedWith(kTrainerFinished)) {
    Succeed();
  } else if (record_.state() == v1::TRAIN_JOB_STATE_CANCELLING) {
    FinishWith(v1::TRAIN_JOB_STATE_CANCELLED, "");
  } else if (exit.ExitedWith(kTrainerPermanentError) || exit.ExitedWith(kTrainerUsageError)) {
    FinishWith(v1::TRAIN_JOB_STATE_FAILED, absl::StrCat("trainer ended with ", exit.Describe(), Said(exit)));
  } else if (exit.ExitedWith(kTrainerOutOfDisk)) {
    FinishWith(v1::TRAIN_JOB_STATE_PAUSED, absl::StrCat("out of disk; free some and resume", Said(exit)));
  } else {
    return false;
  }
  return true;
}

void JobRunner::Succeed() {
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
  AnswerPause();
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

bool JobRunner::SurvivesDeath(const TrainerExit& exit) {
  const uint64_t checkpoint = record_.info().last_checkpoint().step();
  if (checkpoint != checkpoint_at_death_) deaths_ = 0;
  checkpoint_at_death_ = checkpoint;
  if (deaths_ >= options_.max_restarts) {
    FinishWith(v1::TRAIN_JOB_STATE_FAILED, absl::StrCat("trainer ended with ", exit.Describe(), " after ", deaths_,
                                                        " restarts without a new checkpoint", Said(exit)));
    return false;
  }
  ++deaths_;
  metrics_.CountRestart();
  return true;
}

std::string JobRunner::DeathText(const TrainerExit& exit, const std::string& when) const {
  return absl::StrCat("trainer ended with ", exit.Describe(), "; restart ", deaths_, " of ", options_.max_restarts, " ",
                      when, Said(exit));
}

void JobRunner::FinishWith(v1::TrainJobState state, const std::string& message) {
  if (const absl::Status status = record_.Move(state, message); !status.ok()) {
    Log(LogLevel::kError, "a job's state can't change", {{"job", record_.id()}, {"error", status.message()}});
  }
  Log(LogLevel::kInfo, "job state",
      {{"job", record_.id()}, {"state", TrainJobStateName(record_.state())}, {"reason", message}});
  AnswerPause();
}

void JobRunner::AnswerPause() {
  const std::vector<Done> waiters = std::exchange(pause_waiters_, {});
  for (const Done& done : waiters) {
    // A status of its own for each, see TrainSupervisor::Answer.
    done(record_.state() == v1::TRAIN_JOB_STATE_PAUSED ? absl::OkStatus() : StateError("paused"));
  }
}

Clock::TimePoint JobRunner::Tick() {
  const Clock::TimePoint now = clock_.Now();
  if (record_.flushed()) {
    flush_at_ = Clock::TimePoint::max();
  } else if (flush_at_ == Clock::TimePoint::max() || now >= flush_at_) {
    if (const absl::Status status = record_.Flush(); !status.ok()) {
      Log(LogLevel::kWarning, "a job's history can't be written and is tried again",
          {{"job", record_.id()}, {"error", status.message()}});
    }
    flush_at_ = record_.flushed() ? Clock::TimePoint::max() : now + kFlushAgain;
  }
  return flush_at_;
}

}  // namespace ganserve
