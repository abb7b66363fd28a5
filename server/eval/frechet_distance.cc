#include "server/eval/frechet_distance.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "server/eval/tensor_views.h"

namespace ganserve {
namespace {

// Rows that are in float64 at a time.
constexpr size_t kBlockRows = 4096;

// Sums over rows less a fixed shift, from which the moments of any union of row groups follow. The shift keeps the
// difference sum(x x^T) - n m m^T away from cancellation.
struct Sums {
  double count = 0;
  torch::Tensor first;   // sum of (x - shift), [D]
  torch::Tensor second;  // sum of (x - shift)(x - shift)^T, [D, D]
};

Sums SumsOf(const Features& features, size_t begin, size_t end, const torch::Tensor& shift) {
  const auto dims = static_cast<int64_t>(features.dims);
  Sums sums{static_cast<double>(end - begin), torch::zeros({dims}, torch::kDouble),
            torch::zeros({dims, dims}, torch::kDouble)};
  for (size_t row = begin; row < end; row += kBlockRows) {
    const size_t rows = std::min(kBlockRows, end - row);
    const torch::Tensor block = DoubleRows(features.rows(row, rows), features.dims) - shift;
    sums.first += block.sum(0);
    sums.second.addmm_(block.t(), block);
  }
  return sums;
}

Gaussian GaussianOf(const Sums& sums, const torch::Tensor& shift) {
  const torch::Tensor mean = sums.first / sums.count;
  const torch::Tensor covariance = (sums.second - sums.count * torch::outer(mean, mean)) / (sums.count - 1);
  return {ToVector(mean + shift), ToVector(covariance)};
}

torch::Tensor ShiftOf(const Features& features) {
  return DoubleRows(features.rows(0, std::min(kBlockRows, features.count())), features.dims).mean(0);
}

torch::Tensor Covariance(const Gaussian& gaussian) {
  const auto dims = static_cast<int64_t>(gaussian.mean.size());
  return VectorView(gaussian.covariance).view({dims, dims});
}

torch::Tensor SymmetricRoot(const torch::Tensor& matrix) {
  const auto [values, vectors] = torch::linalg_eigh(matrix, "L");
  return torch::matmul(vectors * values.clamp_min(0).sqrt(), vectors.t());
}

// The distance from `b`, whose covariance's root is given: it is the same for many `a`.
double DistanceFrom(const Gaussian& a, const Gaussian& b, const torch::Tensor& root_of_b) {
  const torch::Tensor product = torch::matmul(torch::matmul(root_of_b, Covariance(a)), root_of_b);
  const torch::Tensor eigenvalues = torch::linalg_eigvalsh((product + product.t()) / 2, "L");
  const double traces = (Covariance(a).trace() + Covariance(b).trace()).item<double>();
  const double means = (VectorView(a.mean) - VectorView(b.mean)).square().sum().item<double>();
  const double distance = means + traces - 2 * eigenvalues.clamp_min(0).sqrt().sum().item<double>();
  return std::max(distance, 0.0);  // in this order NaN stays NaN
}

// Student's 97.5 % quantile: Hill's expansion around the normal one (Abramowitz and Stegun 26.7.5), to 1e-3 from 3
// degrees of freedom on.
double StudentQuantile(double freedom) {
  constexpr double kNormal = 1.959963984540054;
  const double x = kNormal;
  const double g1 = (std::pow(x, 3) + x) / 4;
  const double g2 = (5 * std::pow(x, 5) + 16 * std::pow(x, 3) + 3 * x) / 96;
  const double g3 = (3 * std::pow(x, 7) + 19 * std::pow(x, 5) + 17 * std::pow(x, 3) - 15 * x) / 384;
  const double g4 =
      (79 * std::pow(x, 9) + 776 * std::pow(x, 7) + 1482 * std::pow(x, 5) - 1920 * std::pow(x, 3) - 945 * x) / 92160;
  return x + g1 / freedom + g2 / std::pow(freedom, 2) + g3 / std::pow(freedom, 3) + g4 / std::pow(freedom, 4);
}

// (G - 1) / G sum (d_g - mean d)^2 over the distances without group g.
double JackknifeVariance(const std::vector<double>& distances) {
  const double groups = static_cast<double>(distances.size());
  double mean = 0;
  for (const double distance : distances) mean += distance / groups;
  double sum = 0;
  for (const double distance : distances) sum += (distance - mean) * (distance - mean);
  return (groups - 1) / groups * sum;
}

}  // namespace

Gaussian FitGaussian(const Features& features) {
  const torch::NoGradGuard no_gradients;
  const torch::Tensor shift = ShiftOf(features);
  return GaussianOf(SumsOf(features, 0, features.count(), shift), shift);
}

double FrechetDistance(const Gaussian& a, const Gaussian& b) {
  const torch::NoGradGuard no_gradients;
  return DistanceFrom(a, b, SymmetricRoot(Covariance(b)));
}

FrechetEstimate EstimateFrechet(const Features& samples, const Gaussian& reference) {
  constexpr size_t kGroups = 20;
  const torch::NoGradGuard no_gradients;
  const torch::Tensor shift = ShiftOf(samples);
  const torch::Tensor root = SymmetricRoot(Covariance(reference));
  const size_t count = samples.count();
  const size_t groups = std::min(kGroups, count / 2);
  const Sums all = SumsOf(samples, 0, count, shift);
  std::vector<double> distances;
  for (size_t group = 0; group < groups; ++group) {
    Sums rest = SumsOf(samples, group * count / groups, (group + 1) * count / groups, shift);
    rest = {all.count - rest.count, all.first - rest.first, all.second - rest.second};
    distances.push_back(DistanceFrom(GaussianOf(rest, shift), reference, root));
  }
  const double distance = DistanceFrom(GaussianOf(all, shift), reference, root);
  const double reach = StudentQuantile(static_cast<double>(groups - 1)) * std::sqrt(JackknifeVariance(distances));
  return {distance, std::max(0.0, distance - reach), distance + reach};
}

}  // namespace ganserve
