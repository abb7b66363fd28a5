#include "server/train/random_tensors.h"

#include <ATen/CPUGeneratorImpl.h>

namespace ganserve {
namespace {

at::Generator Seeded(uint64_t seed) { return at::make_generator<at::CPUGeneratorImpl>(seed); }

}  // namespace

torch::Tensor NormalLatents(uint64_t seed, int64_t count, int64_t latent_size) {
  return torch::randn({count, latent_size}, Seeded(seed));
}

torch::Tensor UniformNumbers(uint64_t seed, const std::vector<int64_t>& sizes) {
  return torch::rand(sizes, Seeded(seed));
}

torch::Tensor UniformIntegers(uint64_t seed, int64_t low, int64_t high, const std::vector<int64_t>& sizes) {
  return torch::randint(low, high + 1, sizes, Seeded(seed), torch::kInt64);
}

}  // namespace ganserve
