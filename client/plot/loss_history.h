// The losses of a job over its steps, put together from its events.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ganserve/v1/training.pb.h"

namespace ganserve::plot {

struct LossPoint {
  uint64_t step = 0;
  double discriminator_loss = 0;
  double generator_loss = 0;
  // D(x) and D(G(z)), 0 to 1.
  double real_score = 0;
  double fake_score = 0;
};

class LossHistory {
 public:
  // Events in order of sequence. A rollback takes back the losses of later steps; others but losses and gaps make no
  // difference.
  void Add(const v1::TrainEvent& event);

  // In order of step.
  const std::vector<LossPoint>& points() const { return points_; }
  // Batches of an epoch; 0 while not known.
  uint64_t epoch_steps() const { return epoch_steps_; }
  // Steps to which training that diverged went back.
  const std::vector<uint64_t>& rollbacks() const { return rollbacks_; }
  // Loss events that the server left out.
  uint64_t missing() const { return missing_; }

 private:
  std::vector<LossPoint> points_;
  uint64_t epoch_steps_ = 0;
  std::vector<uint64_t> rollbacks_;
  uint64_t missing_ = 0;
};

}  // namespace ganserve::plot
