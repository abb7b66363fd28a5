#include "server/train/weight_average.h"

#include <algorithm>

namespace ganserve {

double AverageDecay(double decay, int64_t step) {
  const double steps = static_cast<double>(step);
  return std::min(decay, (1 + steps) / (10 + steps));
}

void MoveAverage(const std::vector<torch::Tensor>& average, const std::vector<torch::Tensor>& weights, double decay) {
  const torch::NoGradGuard no_grad;
  at::_foreach_lerp_(average, weights, 1 - decay);
}

}  // namespace ganserve
