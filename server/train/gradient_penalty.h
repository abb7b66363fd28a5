// Penalties on the gradients of a discriminator with respect to the images that it sees. They are differentiable, so
// that a backward pass through them reaches the discriminator's weights.
#pragma once

#include <torch/torch.h>

namespace ganserve {

// d logits[i] / d images[i] for every image, [N, C, S, S]. `images` requires gradients, and logits [N] were computed
// from it, each from its own image alone: no batch norm.
torch::Tensor ImageGradients(const torch::Tensor& logits, const torch::Tensor& images);

// mean((|g| - 1)^2) over the images: the penalty of WGAN-GP (Gulrajani et al. 2017, arXiv:1704.00028).
torch::Tensor UnitNormPenalty(const torch::Tensor& gradients);

// mean(|g|^2) / 2 over the images: R1 at real ones, R2 at generated ones (Mescheder et al. 2018, arXiv:1801.04406).
torch::Tensor ZeroPenalty(const torch::Tensor& gradients);

// Points on the lines between real and generated images, real + u (fake - real) with one u in [0, 1) for each pair, at
// which WGAN-GP looks. A leaf that requires gradients; the points depend on the arguments alone.
torch::Tensor PointsBetween(const torch::Tensor& real, const torch::Tensor& fake, uint64_t seed);

}  // namespace ganserve
