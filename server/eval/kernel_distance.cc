#include "server/eval/kernel_distance.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "server/eval/random_choice.h"
#include "server/eval/tensor_views.h"

namespace ganserve {
namespace {

// k(x, y) for all pairs of rows.
torch::Tensor Kernel(const torch::Tensor& x, const torch::Tensor& y) {
  return (torch::matmul(x, y.t()) / static_cast<double>(x.size(1)) + 1).pow_(3);
}

// Over i != j.
double SumOffDiagonal(const torch::Tensor& kernel) { return (kernel.sum() - kernel.trace()).item<double>(); }

double MmdOf(const torch::Tensor& a, const torch::Tensor& b) {
  const double rows = static_cast<double>(a.size(0));
  const double within = SumOffDiagonal(Kernel(a, a)) + SumOffDiagonal(Kernel(b, b));
  return within / (rows * (rows - 1)) - 2 * Kernel(a, b).sum().item<double>() / (rows * rows);
}

torch::Tensor Subset(const Features& features, const KernelOptions& options, uint64_t stream, size_t size) {
  const Features subset = Pick(features, ChooseIndices(options.seed, stream, features.count(), size));
  return DoubleRows(subset.values, subset.dims);
}

}  // namespace

double UnbiasedMmd(const Features& a, const Features& b) {
  const torch::NoGradGuard no_gradients;
  return MmdOf(DoubleRows(a.values, a.dims), DoubleRows(b.values, b.dims));
}

KernelEstimate KernelDistance(const Features& a, const Features& b, const KernelOptions& options) {
  const torch::NoGradGuard no_gradients;
  const size_t size = std::min({options.subset_size, a.count(), b.count()});
  double sum = 0;
  double squares = 0;
  for (uint64_t subset = 0; subset < options.subsets; ++subset) {
    const double distance = MmdOf(Subset(a, options, 2 * subset, size), Subset(b, options, 2 * subset + 1, size));
    sum += distance;
    squares += distance * distance;
  }
  const double subsets = static_cast<double>(options.subsets);
  const double mean = sum / subsets;
  return {mean, std::sqrt(std::max(0.0, squares / subsets - mean * mean))};
}

}  // namespace ganserve
