#include "server/train/sample_grid.h"

#include <algorithm>

#include "server/train/image_tensors.h"
#include "server/train/random_streams.h"
#include "server/train/random_tensors.h"

namespace ganserve {
namespace {

constexpr int kColumns = 8;
constexpr int kRows = 8;
constexpr int kMaxClassRows = 16;

}  // namespace

absl::StatusOr<std::string> SampleGridPng(GeneratorNetwork& generator, uint64_t seed) {
  const torch::NoGradGuard no_grad;
  const int classes = generator.shape().classes;
  const int rows = classes > 0 ? std::min(classes, kMaxClassRows) : kRows;
  const torch::Tensor z = NormalLatents(DeriveSeed(seed, RandomPurpose::kSampleLatents, 0), int64_t{rows} * kColumns,
                                        generator.shape().latent_size);
  const torch::Tensor labels =
      classes > 0 ? torch::arange(rows, torch::kInt64).repeat_interleave(kColumns) : torch::Tensor();
  return GridPng(generator.forward(z, labels), rows, kColumns);
}

}  // namespace ganserve
