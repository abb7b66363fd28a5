#include "client/plot/loss_history.h"

namespace ganserve::plot {

void LossHistory::Add(const v1::TrainEvent& event) {
  if (event.has_losses()) {
    const v1::TrainLosses& losses = event.losses();
    points_.push_back(
        {event.step(), losses.discriminator_loss(), losses.generator_loss(), losses.real_score(), losses.fake_score()});
    if (losses.batches() > 0) epoch_steps_ = losses.batches();
  } else if (event.has_rollback()) {
    while (!points_.empty() && points_.back().step > event.step()) points_.pop_back();
    rollbacks_.push_back(event.step());
  } else if (event.has_gap()) {
    missing_ += event.gap().last_sequence() - event.gap().first_sequence() + 1;
  }
}

}  // namespace ganserve::plot
