#include "server/eval/precision_recall.h"

#include <torch/torch.h>

#include <algorithm>

#include "server/eval/tensor_views.h"

namespace ganserve {
namespace {

// Distances in memory at a time: 32 MiB of float64, and again as much for what is computed from them.
constexpr int64_t kBlockDistances = 1 << 22;

// Rows and their squared lengths.
struct Points {
  explicit Points(const Features& features)
      : rows(DoubleRows(features.values, features.dims)), squares(rows.square().sum(1)) {}

  torch::Tensor rows;     // [N, D]
  torch::Tensor squares;  // [N]
};

// |x - y|^2 = |x|^2 - 2 x.y + |y|^2 for rows [first, first + count) of `x` and all of `y`, never below 0.
torch::Tensor SquaredDistances(const Points& x, int64_t first, int64_t count, const Points& y) {
  torch::Tensor distances = torch::addmm(y.squares, x.rows.narrow(0, first, count), y.rows.t(), 1, -2);
  return distances.add_(x.squares.narrow(0, first, count).unsqueeze(1)).clamp_min_(0);
}

// Calls consume(first, count, distances [count, |y|]) for blocks of the rows of x.
template <typename Consume>
void ForEachBlock(const Points& x, const Points& y, Consume consume) {
  const int64_t block = std::max<int64_t>(1, kBlockDistances / y.rows.size(0));
  for (int64_t first = 0; first < x.rows.size(0); first += block) {
    const int64_t count = std::min(block, x.rows.size(0) - first);
    consume(first, count, SquaredDistances(x, first, count, y));
  }
}

}  // namespace

std::vector<double> NeighbourRadii(const Features& features, size_t k) {
  const torch::NoGradGuard no_gradients;
  const Points points(features);
  std::vector<double> radii;
  ForEachBlock(points, points, [&](int64_t, int64_t, const torch::Tensor& distances) {
    // The nearest of all is the row itself.
    const auto radius = ToVector(std::get<0>(distances.kthvalue(static_cast<int64_t>(k) + 1, 1)));
    radii.insert(radii.end(), radius.begin(), radius.end());
  });
  return radii;
}

PrecisionRecall PrecisionAndRecall(const Features& reference, const std::vector<double>& reference_radii,
                                   const Features& samples, const std::vector<double>& sample_radii) {
  const torch::NoGradGuard no_gradients;
  const Points real(reference);
  const Points fake(samples);
  const torch::Tensor real_radii = VectorView(reference_radii);
  const torch::Tensor fake_radii = VectorView(sample_radii).unsqueeze(1);
  torch::Tensor covered = torch::zeros({real.rows.size(0)}, torch::kBool);  // by a ball of the samples
  int64_t precise = 0;
  ForEachBlock(fake, real, [&](int64_t first, int64_t count, const torch::Tensor& distances) {
    precise += distances.le(real_radii).any(1).sum().item<int64_t>();
    covered.logical_or_(distances.le(fake_radii.narrow(0, first, count)).any(0));
  });
  return {static_cast<double>(precise) / static_cast<double>(fake.rows.size(0)),
          static_cast<double>(covered.sum().item<int64_t>()) / static_cast<double>(real.rows.size(0))};
}

}  // namespace ganserve
