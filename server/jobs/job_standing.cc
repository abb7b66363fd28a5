#include "server/jobs/job_standing.h"

#include "server/jobs/trainer_exit_codes.h"

namespace ganserve {

void JobStanding::Apply(const v1::TrainEvent& event) {
  if (event.has_state_change()) {
    state_ = event.state_change().state();
    if (event.state_change().queue_ticket() > 0) ticket_ = event.state_change().queue_ticket();
    if (state_ == v1::TRAIN_JOB_STATE_QUEUED) BeginRound();
  } else if (event.has_terminal()) {
    state_ = event.terminal().state();
  } else {
    heard_ = true;
    end_.reset();  // the next trainer is at work
    if (event.has_trainer_end()) end_ = event.trainer_end();
  }
}

void JobStanding::BeginRound() {
  heard_ = false;
  end_.reset();
}

bool JobStanding::WantsTraining() const {
  return state_ == v1::TRAIN_JOB_STATE_QUEUED || state_ == v1::TRAIN_JOB_STATE_STARTING ||
         state_ == v1::TRAIN_JOB_STATE_RUNNING;
}

bool JobStanding::NeedsTrainer() const {
  const bool goes_on = !end_ || end_->exit_code() == kTrainerStopped || end_->exit_code() == kTrainerError;
  return served() && WantsTraining() && goes_on;
}

}  // namespace ganserve
