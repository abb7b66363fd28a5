// Random tensors that depend on their arguments alone, not on torch's global generator (random_streams.h says which
// seeds there are). float32, on the CPU.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

namespace ganserve {

// Standard normal latents [count, latent_size].
torch::Tensor NormalLatents(uint64_t seed, int64_t count, int64_t latent_size);

// Uniform on [0, 1).
torch::Tensor UniformNumbers(uint64_t seed, const std::vector<int64_t>& sizes);

// Uniform integers from `low` to `high`, both included, int64.
torch::Tensor UniformIntegers(uint64_t seed, int64_t low, int64_t high, const std::vector<int64_t>& sizes);

}  // namespace ganserve
