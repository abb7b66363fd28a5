#include "server/jobs/job_record.h"

#include <limits>

#include "server/base/status_macros.h"
#include "server/base/utf8.h"
#include "server/jobs/job_state.h"

namespace ganserve {

absl::StatusOr<JobRecord> JobRecord::Open(const StoredJob& job, const std::string& events_path) {
  GANSERVE_ASSIGN_OR_RETURN(EventLog log, EventLog::Open(events_path));
  JobRecord record(std::move(log), EventReader(events_path));
  record.info_.set_id(job.id);
  *record.info_.mutable_spec() = job.spec;
  record.info_.set_create_time_ms(job.create_time_ms);
  record.info_.set_state(v1::TRAIN_JOB_STATE_QUEUED);
  while (true) {
    GANSERVE_ASSIGN_OR_RETURN(const auto event, record.reader_.Next());
    if (!event) return record;
    record.Apply(*event, /*history=*/true);
  }
}

absl::StatusOr<JobRecord::News> JobRecord::ReadNew() {
  News news;
  while (true) {
    GANSERVE_ASSIGN_OR_RETURN(const auto event, reader_.Next());
    if (!event) return news;
    Apply(*event, /*history=*/false);
    if (!written_.empty() && written_.front() == event->sequence()) {
      written_.pop_front();
    } else {
      news.any = true;
    }
    if (event->has_checkpoint()) news.checkpoint_seconds = event->checkpoint().seconds();
  }
}

void JobRecord::Apply(const v1::TrainEvent& event, bool history) {
  changed_ = true;
  standing_.Apply(event);
  info_.set_last_sequence(event.sequence());
  event_time_ms_ = event.unix_time_ms();
  // After a rollback it goes back.
  if (!event.has_state_change() && !event.has_terminal() && !event.has_log_line()) info_.set_step(event.step());
  if (event.epoch() > 0) epoch_ = event.epoch();
  switch (event.event_case()) {
    case v1::TrainEvent::kLosses:
      *info_.mutable_last_losses() = event.losses();
      break;
    case v1::TrainEvent::kCheckpoint:
      *info_.mutable_last_checkpoint() = event.checkpoint();
      checkpoint_time_ms_ = event.unix_time_ms();
      break;
    case v1::TrainEvent::kStateChange:
      if (!history) break;
      SetState(event.state_change().state(), event.state_change().message());
      if (event.state_change().queue_ticket() > 0) ticket_ = event.state_change().queue_ticket();
      break;
    case v1::TrainEvent::kTerminal:
      if (history) SetState(event.terminal().state(), event.terminal().message());
      break;
    default:
      break;
  }
}

void JobRecord::SetState(v1::TrainJobState state, const std::string& message) {
  changed_ = true;
  info_.set_state(state);
  info_.set_message(ToValidUtf8(message));  // it goes to clients before it is read back from the log
}

v1::TrainEvent JobRecord::NewEvent() const {
  v1::TrainEvent event;
  event.set_step(info_.step());
  event.set_epoch(epoch_);
  return event;
}

TrainJobFigures JobRecord::Figures() const {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const bool known = info_.has_last_losses();
  return {.step = info_.step(),
          .discriminator_loss = known ? info_.last_losses().discriminator_loss() : kNone,
          .generator_loss = known ? info_.last_losses().generator_loss() : kNone,
          .images_per_second = known ? info_.last_losses().images_per_second() : kNone,
          .checkpoint_time_ms = checkpoint_time_ms_,
          .last_event_time_ms = state() == v1::TRAIN_JOB_STATE_RUNNING ? event_time_ms_ : 0};
}

absl::Status JobRecord::Move(v1::TrainJobState state, const std::string& message) {
  GANSERVE_RETURN_IF_ERROR(CheckTransition(info_.id(), info_.state(), state));
  SetState(state, message);
  v1::TrainEvent event = NewEvent();
  TellState(state, message, &event);
  pending_.push_back(std::move(event));
  Flush().IgnoreError();  // see flushed()
  return absl::OkStatus();
}

absl::Status JobRecord::MoveToQueue(uint64_t ticket, const std::string& message) {
  ticket_ = ticket;
  standing_.BeginRound();  // also while a full disk does not take the event
  if (info_.state() != v1::TRAIN_JOB_STATE_QUEUED) {
    GANSERVE_RETURN_IF_ERROR(CheckTransition(info_.id(), info_.state(), v1::TRAIN_JOB_STATE_QUEUED));
  }
  SetState(v1::TRAIN_JOB_STATE_QUEUED, message);
  v1::TrainEvent event = NewEvent();
  TellState(v1::TRAIN_JOB_STATE_QUEUED, message, &event);
  event.mutable_state_change()->set_queue_ticket(ticket);
  pending_.push_back(std::move(event));
  Flush().IgnoreError();  // see flushed()
  return absl::OkStatus();
}

void JobRecord::AddLogLine(const std::string& text) {
  v1::TrainEvent event = NewEvent();
  event.mutable_log_line()->set_text(text);
  pending_.push_back(std::move(event));
  Flush().IgnoreError();  // see flushed()
}

absl::Status JobRecord::Flush() {
  while (!pending_.empty()) {
    GANSERVE_RETURN_IF_ERROR(log_.Append(pending_.front()));
    pending_.pop_front();
    written_.push_back(log_.last_sequence());
  }
  return absl::OkStatus();
}

}  // namespace ganserve
