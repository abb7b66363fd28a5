#include "server/train/spectral_weight.h"

#include "server/train/autocast.h"

namespace ganserve {
namespace {

// Keeps a vector of zeros from becoming NaN.
constexpr double kTiny = 1e-12;

torch::Tensor Unit(const torch::Tensor& vector) { return vector / vector.norm().clamp_min(kTiny); }

}  // namespace

SpectralWeightImpl::SpectralWeightImpl(const std::vector<int64_t>& sizes, bool normalised)
    : normalised_(normalised), weight_(register_parameter("weight", torch::zeros(sizes))) {
  if (!normalised_) return;
  u_ = register_buffer("u", torch::ones({sizes[0]}));
  // In the order of the weight's layout, so of no use in another one; each step computes it from u before it is used.
  v_ = register_buffer("v", torch::ones({Matrix().size(1)}));
}

// A view without a copy, of a position-major weight (position_major.h) too.
torch::Tensor SpectralWeightImpl::Matrix() const {
  return (weight_.is_contiguous() ? weight_ : weight_.movedim(1, -1)).flatten(1);
}

torch::Tensor SpectralWeightImpl::forward() const {
  if (!normalised_) return weight_;
  const Autocast full_precision(weight_.device(), false);  // for a norm that all depends on
  return weight_ / u_.dot(Matrix().mv(v_)).clamp_min(kTiny);
}

void SpectralWeightImpl::Iterate() {
  if (!normalised_) return;
  const torch::NoGradGuard no_grad;
  const torch::Tensor matrix = Matrix();
  v_.copy_(Unit(matrix.t().mv(u_)));
  u_.copy_(Unit(matrix.mv(v_)));
}

void IterateSpectralNorms(torch::nn::Module& module) {
  for (const auto& part : module.modules(/*include_self=*/false)) {
    if (auto* weight = part->as<SpectralWeightImpl>()) weight->Iterate();
  }
}

}  // namespace ganserve
