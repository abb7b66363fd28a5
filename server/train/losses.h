// What discriminator and generator minimise. Logits are what the discriminator says of images, [N] each, higher for
// "real"; every loss is a scalar.
#pragma once

#include <torch/torch.h>

#include "server/train/gan_settings.h"

namespace ganserve {

// With r and f the logits of real and generated images, s the smoothing and sp(x) = log(1 + exp(x)):
//   kBceWithLogits  mean((1 - s) sp(-r) + s sp(r)) + mean(sp(f))    Goodfellow et al. 2014, arXiv:1406.2661
//   kLeastSquares   (mean((r - (1 - s))^2) + mean(f^2)) / 2         Mao et al. 2016, arXiv:1611.04076
//   kHinge          mean(max(0, 1 - r)) + mean(max(0, 1 + f))       Lim, Ye 2017, arXiv:1705.02894
//   kWasserstein    mean(f) - mean(r)                               Arjovsky et al. 2017, arXiv:1701.07875
//   kRelativistic   mean(sp(f - r)), image by image                 Jolicoeur-Martineau 2018, arXiv:1807.00734
torch::Tensor DiscriminatorLoss(GanLoss loss, const torch::Tensor& real, const torch::Tensor& fake, double smoothing);

// The generator's: the non-saturating -log D of kBceWithLogits, which keeps its gradient while the discriminator wins;
//   kBceWithLogits  mean(sp(-f))
//   kLeastSquares   mean((f - 1)^2) / 2
//   kHinge, kWasserstein  -mean(f)
//   kRelativistic   mean(sp(r - f)); the others take no real images, and `real` may be undefined
torch::Tensor GeneratorLoss(GanLoss loss, const torch::Tensor& fake, const torch::Tensor& real);

// Whether GeneratorLoss needs logits of real images.
bool PairsImages(GanLoss loss);

}  // namespace ganserve
