#include "server/train/job_history.h"

#include "absl/strings/str_cat.h"
#include "ganserve/v1/training.pb.h"
#include "server/base/status_macros.h"
#include "server/jobs/event_log.h"
#include "server/jobs/event_reader.h"
#include "server/jobs/job_standing.h"
#include "server/jobs/job_state.h"
#include "server/jobs/trainer_exit_codes.h"

namespace ganserve {
namespace {

// Of a job without a server, by exit code. A job that another attempt may get further with keeps its state.
std::optional<v1::TrainJobState> StateAtEnd(int exit_code) {
  switch (exit_code) {
    case kTrainerFinished:
      return v1::TRAIN_JOB_STATE_SUCCEEDED;
    case kTrainerStopped:
    case kTrainerOutOfDisk:
      return v1::TRAIN_JOB_STATE_PAUSED;
    case kTrainerPermanentError:
      return v1::TRAIN_JOB_STATE_FAILED;
    default:
      return std::nullopt;
  }
}

void Fill(const LossReport& losses, v1::TrainLosses* out) {
  out->set_discriminator_loss(losses.discriminator_loss);
  out->set_generator_loss(losses.generator_loss);
  out->set_real_score(losses.real_score);
  out->set_fake_score(losses.fake_score);
  out->set_discriminator_gradient_norm(losses.discriminator_gradient_norm);
  out->set_generator_gradient_norm(losses.generator_gradient_norm);
  out->set_images_per_second(losses.images_per_second);
  out->set_steps_left(losses.steps_left);
  out->set_eta_seconds(losses.eta_seconds);
  out->set_epochs(static_cast<uint32_t>(losses.epochs));
  out->set_batch(static_cast<uint32_t>(losses.batch));
  out->set_batches(static_cast<uint32_t>(losses.batches));
}

void Fill(const QualityReport& report, v1::TrainEvaluation* out) {
  out->set_samples(static_cast<uint32_t>(report.samples));
  if (report.features) {
    out->set_fid(report.features->fid.distance);
    out->set_kid(report.features->kid.mean);
    out->set_precision(report.features->manifold.precision);
    out->set_recall(report.features->manifold.recall);
  }
  if (report.classes) {
    out->mutable_class_shares()->Add(report.classes->shares.begin(), report.classes->shares.end());
    out->set_class_divergence(report.classes->divergence);
  }
}

}  // namespace

absl::StatusOr<JobHistory> JobHistory::Open(const std::string& path, bool supervised) {
  GANSERVE_ASSIGN_OR_RETURN(EventLog events, EventLog::Open(path));
  JobHistory history(std::move(events), path, supervised);
  GANSERVE_RETURN_IF_ERROR(history.FindTold());
  return history;
}

JobHistory::JobHistory(EventLog events, const std::string& path, bool supervised)
    : events_(std::make_unique<EventLog>(std::move(events))),
      reader_(std::make_unique<EventReader>(path)),
      standing_(std::make_unique<JobStanding>()),
      supervised_(supervised) {}
JobHistory::JobHistory(JobHistory&&) noexcept = default;
JobHistory& JobHistory::operator=(JobHistory&&) noexcept = default;
JobHistory::~JobHistory() = default;

absl::Status JobHistory::FindTold() {
  while (true) {
    GANSERVE_ASSIGN_OR_RETURN(const auto event, reader_->Next());
    if (!event) return absl::OkStatus();
    standing_->Apply(*event);
    NoteTold(*event);
  }
}

void JobHistory::NoteTold(const v1::TrainEvent& event) {
  step_ = event.step();
  if (event.has_rollback()) told_rollbacks_ = static_cast<int>(event.rollback().count());
  told_[event.event_case()] = {told_rollbacks_, event.step()};
  if (event.has_evaluation() && event.evaluation().best()) best_ = {event.step(), event.evaluation().fid()};
  end_.reset();  // a trainer without a server may go on with a job that had ended
  if (event.has_terminal()) {
    end_ = {event.terminal().state() == v1::TRAIN_JOB_STATE_SUCCEEDED, event.terminal().message()};
  }
}

absl::Status JobHistory::Look() {
  while (!ousted_) {
    GANSERVE_ASSIGN_OR_RETURN(const auto event, reader_->Next());
    if (!event) return absl::OkStatus();
    standing_->Apply(*event);
    // A server that has started this process also writes log lines.
    ousted_ = !supervised_ && !event->has_state_change() && !event->has_terminal();
  }
  return absl::UnavailableError(
      absl::StrCat("event ", reader_->last_sequence(),
                   " of the job is another trainer's, which has the job now: this one has lost its lock"));
}

absl::Status JobHistory::Append(const v1::TrainEvent& event) {
  while (true) {
    GANSERVE_RETURN_IF_ERROR(Look());
    GANSERVE_ASSIGN_OR_RETURN(const bool written, events_->AppendAfter(reader_->last_sequence(), event));
    if (written) return reader_->Skip(events_->last_sequence());
  }
}

absl::StatusOr<bool> JobHistory::IsWanted() {
  GANSERVE_RETURN_IF_ERROR(Look());
  return supervised_ || !standing_->served() || standing_->WantsTraining();
}

bool JobHistory::NeedsTrainer() const { return standing_->NeedsTrainer(); }

bool JobHistory::OwnsStates() const { return !supervised_ && !standing_->served(); }

v1::TrainEvent JobHistory::EventAt(uint64_t step) {
  step_ = step;
  v1::TrainEvent event;
  event.set_step(step);
  if (batches_per_epoch_ > 0) {
    event.set_epoch(static_cast<uint32_t>((step + batches_per_epoch_ - 1) / batches_per_epoch_));
  }
  return event;
}

bool JobHistory::WasTold(const v1::TrainEvent& event) const {
  const auto told = told_.find(event.event_case());
  return told != told_.end() && Position{rollbacks_, event.step()} <= told->second;
}

absl::Status JobHistory::AppendOnce(const v1::TrainEvent& event) {
  if (WasTold(event)) return absl::OkStatus();
  const Position position{rollbacks_, event.step()};
  const int kind = event.event_case();
  GANSERVE_RETURN_IF_ERROR(Append(event));
  told_[kind] = position;
  return absl::OkStatus();
}

absl::Status JobHistory::RecordState(int state, const std::string& message) {
  v1::TrainEvent event = EventAt(step_);
  TellState(static_cast<v1::TrainJobState>(state), message, &event);
  return Append(event);
}

absl::Status JobHistory::RecordRunning() {
  return OwnsStates() ? RecordState(v1::TRAIN_JOB_STATE_RUNNING, "") : absl::OkStatus();
}

absl::Status JobHistory::RecordEnd(int exit_code, const std::string& message) {
  if (OwnsStates()) {
    const std::optional<v1::TrainJobState> state = StateAtEnd(exit_code);
    return state ? RecordState(*state, message) : absl::OkStatus();
  }
  if (supervised_) return absl::OkStatus();
  v1::TrainEvent event = EventAt(step_);
  event.mutable_trainer_end()->set_exit_code(exit_code);
  event.mutable_trainer_end()->set_message(message);
  return Append(event);
}

absl::Status JobHistory::RecordLog(uint64_t step, const std::string& line) {
  v1::TrainEvent event = EventAt(step);
  event.mutable_log_line()->set_text(line);
  return Append(event);
}

absl::Status JobHistory::RecordLosses(uint64_t step, const LossReport& losses) {
  v1::TrainEvent event = EventAt(step);
  Fill(losses, event.mutable_losses());
  return AppendOnce(event);
}

absl::Status JobHistory::RecordRollback(uint64_t step, int count, double learning_rate_factor) {
  rollbacks_ = count;
  if (count <= told_rollbacks_) return absl::OkStatus();
  v1::TrainEvent event = EventAt(step);
  event.mutable_rollback()->set_count(static_cast<uint32_t>(count));
  event.mutable_rollback()->set_learning_rate_factor(learning_rate_factor);
  GANSERVE_RETURN_IF_ERROR(Append(event));
  told_rollbacks_ = count;
  return absl::OkStatus();
}

absl::Status JobHistory::RecordSample(uint64_t step, const std::string& path) {
  v1::TrainEvent event = EventAt(step);
  event.mutable_sample()->set_path(path);
  return AppendOnce(event);
}

absl::Status JobHistory::RecordCheckpoint(uint64_t step, const CheckpointFacts& checkpoint) {
  v1::TrainEvent event = EventAt(step);
  event.mutable_checkpoint()->set_step(step);
  event.mutable_checkpoint()->set_path(checkpoint.path);
  event.mutable_checkpoint()->set_sha256(checkpoint.sha256);
  event.mutable_checkpoint()->set_seconds(checkpoint.seconds);
  return AppendOnce(event);
}

absl::Status JobHistory::RecordEvaluation(uint64_t step, const QualityReport& report, double seconds) {
  v1::TrainEvent event = EventAt(step);
  v1::TrainEvaluation* evaluation = event.mutable_evaluation();
  Fill(report, evaluation);
  if (WasTold(event)) return absl::OkStatus();
  evaluation->set_seconds(seconds);
  const Best best{step, evaluation->fid()};
  const bool is_best = !best_ || best.fid < best_->fid;
  evaluation->set_best(is_best);
  GANSERVE_RETURN_IF_ERROR(AppendOnce(event));
  if (is_best) best_ = best;
  return absl::OkStatus();
}

absl::Status JobHistory::RecordAlarm(uint64_t step, const std::string& text) {
  v1::TrainEvent event = EventAt(step);
  event.mutable_alarm()->set_text(text);
  return AppendOnce(event);
}

absl::StatusOr<std::optional<JobHistory::Best>> JobHistory::FindBest(const std::string& path) {
  std::optional<Best> best;
  EventReader reader(path);
  while (true) {
    GANSERVE_ASSIGN_OR_RETURN(const auto event, reader.Next());
    if (!event) return best;
    if (event->has_evaluation() && event->evaluation().best()) best = {event->step(), event->evaluation().fid()};
  }
}

absl::Status JobHistory::RecordExport(uint64_t step, const std::string& path) {
  v1::TrainEvent event = EventAt(step);
  event.mutable_export_()->set_path(path);
  return AppendOnce(event);
}

}  // namespace ganserve
