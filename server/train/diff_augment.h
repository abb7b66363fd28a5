// Differentiable augmentation of what a discriminator sees (Zhao et al. 2020, arXiv:2006.10738).
#pragma once

#include <torch/torch.h>

#include <cstdint>

#include "server/train/gan_settings.h"

namespace ganserve {

// images [N, C, S, S] in [-1, 1], each changed in its own way, which depends on `seed` and its place in the batch:
//   color        brightness + u - 0.5, then saturation times 2u (about the mean of the channels), then contrast times u
//   + 0.5
//                (about the mean of the image), u uniform on [0, 1)
//   translation  by whole pixels, up to S / 8 each way; what comes in is 0
//   cutout       a square of S / 2 pixels, its centre anywhere, becomes 0
// In this order, those that `settings` asks for. Gradients flow back to the images.
torch::Tensor DiffAugment(const torch::Tensor& images, const DiffAugmentSettings& settings, uint64_t seed);

}  // namespace ganserve
