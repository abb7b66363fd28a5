#include "server/train/losses.h"

namespace ganserve {

torch::Tensor LossAgainstReal(const torch::Tensor& logits) { return -torch::log_sigmoid(logits).mean(); }

torch::Tensor LossAgainstFake(const torch::Tensor& logits) { return -torch::log_sigmoid(-logits).mean(); }

torch::Tensor DiscriminatorLoss(const torch::Tensor& real_logits, const torch::Tensor& fake_logits) {
  return LossAgainstReal(real_logits) + LossAgainstFake(fake_logits);
}

torch::Tensor GeneratorLoss(const torch::Tensor& fake_logits) { return LossAgainstReal(fake_logits); }

}  // namespace ganserve
