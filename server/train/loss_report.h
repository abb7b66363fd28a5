// The losses of a stretch of training and where it ended.
#pragma once

namespace ganserve {

struct LossReport {
  int epoch = 0;  // from 1
  int epochs = 0;
  int batch = 0;  // batches done in this epoch
  int batches = 0;
  double discriminator_loss = 0;  // means over the steps since the last report
  double generator_loss = 0;
  double real_score = 0;  // mean D(x), from 0 to 1
  double fake_score = 0;  // mean D(G(z))
  double discriminator_gradient_norm = 0;
  double generator_gradient_norm = 0;
};

}  // namespace ganserve
