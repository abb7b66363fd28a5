// What a job's history says about who is to train it.
#pragma once

#include <cstdint>
#include <optional>

#include "ganserve/v1/training.pb.h"

namespace ganserve {

// Trainers in other pods and the server that follows them share the history alone. The server writes the states, and
// the last of them is what it wants: trainers train while it is QUEUED, STARTING or RUNNING. Trainers write everything
// else, at the end how they ended. QUEUED begins a round in which the job has a trainer once more.
class JobStanding {
 public:
  // Takes the next event of the history into account.
  void Apply(const v1::TrainEvent& event);
  void BeginRound();

  // Whether a server writes the states, which it does once it has queued the job.
  bool served() const { return ticket_ > 0; }
  uint64_t ticket() const { return ticket_; }  // place in the queue, the lowest first
  bool WantsTraining() const;
  // Whether a trainer is to take the job unless one has it: not when the last one has got as far as one can.
  bool NeedsTrainer() const;

  // Of this round: whether a trainer has told something, and how it ended; absent, too, when it was killed.
  bool heard() const { return heard_; }
  const std::optional<v1::TrainerEnd>& end() const { return end_; }

 private:
  v1::TrainJobState state_ = v1::TRAIN_JOB_STATE_UNSPECIFIED;
  uint64_t ticket_ = 0;
  bool heard_ = false;
  std::optional<v1::TrainerEnd> end_;
};

}  // namespace ganserve
