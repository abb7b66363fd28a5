#include "server/train/losses.h"

#include <stdexcept>

namespace ganserve {
namespace {

// log(1 + exp(x)), finite for every finite x.
torch::Tensor Softplus(const torch::Tensor& x) { return -torch::log_sigmoid(-x); }

}  // namespace

torch::Tensor DiscriminatorLoss(GanLoss loss, const torch::Tensor& real, const torch::Tensor& fake, double smoothing) {
  switch (loss) {
    case GanLoss::kBceWithLogits: {
      const torch::Tensor as_real = Softplus(-real).mean();
      const torch::Tensor against_fake = Softplus(fake).mean();
      if (smoothing == 0) return as_real + against_fake;
      return (1 - smoothing) * as_real + smoothing * Softplus(real).mean() + against_fake;
    }
    case GanLoss::kLeastSquares:
      return ((real - (1 - smoothing)).square().mean() + fake.square().mean()) / 2;
    case GanLoss::kHinge:
      return (1 - real).relu().mean() + (1 + fake).relu().mean();
    case GanLoss::kWasserstein:
      return fake.mean() - real.mean();
    case GanLoss::kRelativistic:
      return Softplus(fake - real).mean();
  }
  throw std::logic_error("no such loss");
}

torch::Tensor GeneratorLoss(GanLoss loss, const torch::Tensor& fake, const torch::Tensor& real) {
  switch (loss) {
    case GanLoss::kBceWithLogits:
      return Softplus(-fake).mean();
    case GanLoss::kLeastSquares:
      return (fake - 1).square().mean() / 2;
    case GanLoss::kHinge:
    case GanLoss::kWasserstein:
      return -fake.mean();
    case GanLoss::kRelativistic:
      return Softplus(real - fake).mean();
  }
  throw std::logic_error("no such loss");
}

bool PairsImages(GanLoss loss) { return loss == GanLoss::kRelativistic; }

}  // namespace ganserve
