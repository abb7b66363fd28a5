#include "server/eval/sliced_wasserstein.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "server/eval/tensor_views.h"
#include "server/serving/latents.h"

namespace ganserve {
namespace {

// `count` rows, evenly spread.
Features Thin(const Features& features, size_t count) {
  if (features.count() == count) return features;
  std::vector<size_t> indices;
  for (size_t i = 0; i < count; ++i) indices.push_back(i * features.count() / count);
  return Pick(features, indices);
}

torch::Tensor SortedColumns(const Features& features) {
  return std::get<0>(DoubleRows(features.values, features.dims).sort(0));
}

}  // namespace

ImageProjector::ImageProjector(size_t samples, size_t directions, uint64_t seed)
    : directions_{samples, std::vector<float>(samples * directions)} {
  FillLatents(seed, 0, samples, directions_.values);
  torch::Tensor rows = RowsView(directions_.values, samples);
  rows.div_(rows.norm(2, {1}, true));
}

void ImageProjector::Append(std::span<const uint8_t> images, Features* projections) const {
  const torch::NoGradGuard no_gradients;
  const auto samples = static_cast<int64_t>(directions_.dims);
  const torch::Tensor pixels = torch::from_blob(const_cast<uint8_t*>(images.data()),
                                                {static_cast<int64_t>(images.size()) / samples, samples}, torch::kByte);
  const torch::Tensor rows =
      torch::matmul(pixels.to(torch::kFloat) / 255, RowsView(directions_.values, directions_.dims).t()).contiguous();
  projections->dims = directions_.count();
  projections->values.insert(projections->values.end(), rows.const_data_ptr<float>(),
                             rows.const_data_ptr<float>() + rows.numel());
}

double SlicedWasserstein(const Features& a, const Features& b) {
  const torch::NoGradGuard no_gradients;
  const size_t count = std::min(a.count(), b.count());
  const torch::Tensor difference = SortedColumns(Thin(a, count)) - SortedColumns(Thin(b, count));
  return std::sqrt(difference.square().mean().item<double>());
}

}  // namespace ganserve
