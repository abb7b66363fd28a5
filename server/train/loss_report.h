// The losses of a stretch of training and where it ended: what TrainLosses of training.proto holds, in plain types.
#pragma once

#include <cstdint>

namespace ganserve {

struct LossReport {
  uint64_t epoch = 0;  // from 1
  uint64_t epochs = 0;
  uint64_t batch = 0;  // batches done in this epoch
  uint64_t batches = 0;
  double discriminator_loss = 0;  // means over the steps since the last report
  double generator_loss = 0;
  double real_score = 0;  // mean D(x), from 0 to 1
  double fake_score = 0;  // mean D(G(z))
  double discriminator_gradient_norm = 0;
  double generator_gradient_norm = 0;
  uint64_t steps_left = 0;
  double images_per_second = 0;
  double eta_seconds = 0;
};

}  // namespace ganserve
