// Binary cross-entropy on logits, and the two losses of a GAN made from it (Goodfellow et al. 2014, arXiv:1406.2661).
#pragma once

#include <torch/torch.h>

namespace ganserve {

// mean(-log(sigmoid(x))), which is binary cross-entropy with target 1, computed as -log_sigmoid(x): finite for any
// finite x. logits [N] -> scalar.
torch::Tensor LossAgainstReal(const torch::Tensor& logits);

// mean(-log(1 - sigmoid(x))): binary cross-entropy with target 0, computed as -log_sigmoid(-x).
torch::Tensor LossAgainstFake(const torch::Tensor& logits);

// The discriminator's loss: real images should be called real and generated ones fake. 2 ln 2 when it knows nothing.
torch::Tensor DiscriminatorLoss(const torch::Tensor& real_logits, const torch::Tensor& fake_logits);

// The generator's non-saturating loss: mean(-log D(G(z))). Its gradient stays large while the discriminator wins.
torch::Tensor GeneratorLoss(const torch::Tensor& fake_logits);

}  // namespace ganserve
