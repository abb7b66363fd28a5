#include "server/train/adam.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/train/archive_values.h"

namespace ganserve {
namespace {

// Keeps a weight still whose gradients have all been 0. The paper's value.
constexpr double kEpsilon = 1e-8;

std::vector<torch::Tensor> Zeros(const std::vector<torch::Tensor>& like) {
  std::vector<torch::Tensor> zeros;
  for (const torch::Tensor& tensor : like) zeros.push_back(torch::zeros_like(tensor.detach()));
  return zeros;
}

// All elements in the order of memory, as a view. Torch's kernels would copy a gradient that is not contiguous first.
torch::Tensor Flat(const torch::Tensor& tensor) {
  TORCH_CHECK(tensor.is_non_overlapping_and_dense(), "a tensor with strides ", tensor.strides(), " has gaps");
  return tensor.detach().as_strided({tensor.numel()}, {1});
}

std::vector<torch::Tensor> Flat(const std::vector<torch::Tensor>& tensors) {
  std::vector<torch::Tensor> flat;
  for (const torch::Tensor& tensor : tensors) flat.push_back(Flat(tensor));
  return flat;
}

// Elements of parameter, gradient, m and v are paired by their places in memory. Autograd mostly lays a gradient out as
// its parameter, but not in every backward pass through a backward pass. The check is for a parameter whose data
// somebody has replaced.
torch::Tensor GradientOf(const torch::Tensor& parameter, const torch::Tensor& mean) {
  torch::Tensor& gradient = parameter.mutable_grad();
  TORCH_CHECK(gradient.defined(), "a parameter of shape ", parameter.sizes(), " has no gradient");
  TORCH_CHECK(parameter.strides() == mean.strides(), "a parameter has strides ", parameter.strides(), " and its mean ",
              mean.strides());
  if (gradient.strides() != mean.strides()) gradient = torch::empty_like(mean).copy_(gradient);
  return gradient;
}

void SaveList(const char* name, const std::vector<torch::Tensor>& tensors, torch::serialize::OutputArchive& archive) {
  torch::serialize::OutputArchive child;
  for (size_t i = 0; i < tensors.size(); ++i) child.write(std::to_string(i), tensors[i].cpu(), /*is_buffer=*/true);
  archive.write(name, child);
}

void LoadList(const char* name, const std::vector<torch::Tensor>& tensors, torch::serialize::InputArchive& archive) {
  torch::serialize::InputArchive child;
  archive.read(name, child);
  for (size_t i = 0; i < tensors.size(); ++i) {
    const std::string key = std::to_string(i);
    ReadTensor(key, absl::StrCat(name, " ", key), child, tensors[i]);
  }
  torch::Tensor surplus;
  TORCH_CHECK(!child.try_read(std::to_string(tensors.size()), surplus, /*is_buffer=*/true), name, " has more than ",
              tensors.size(), " tensors");
}

}  // namespace

Adam::Adam(std::vector<torch::Tensor> parameters, const AdamSettings& settings)
    : parameters_(std::move(parameters)),
      settings_(settings),
      means_(Zeros(parameters_)),
      mean_squares_(Zeros(parameters_)) {}

void Adam::ZeroGradients() {
  for (const torch::Tensor& parameter : parameters_) parameter.mutable_grad().reset();
}

torch::Tensor Adam::Step() {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> gradients;
  for (size_t i = 0; i < parameters_.size(); ++i) gradients.push_back(Flat(GradientOf(parameters_[i], means_[i])));
  const torch::Tensor norm = torch::stack(at::_foreach_norm(gradients, 2)).norm();
  // The kernel divides each gradient by this on its way, which saves a pass of its own.
  std::optional<torch::Tensor> divisor;
  if (settings_.max_gradient_norm > 0) divisor = (norm / settings_.max_gradient_norm).clamp_min(1);
  ++steps_;
  const std::vector<torch::Tensor> steps(parameters_.size(),
                                         torch::full({}, static_cast<double>(steps_), norm.options()));
  at::_fused_adamw_(Flat(parameters_), gradients, Flat(means_), Flat(mean_squares_), /*max_exp_avg_sqs=*/{}, steps,
                    settings_.learning_rate, settings_.beta1, settings_.beta2, settings_.weight_decay, kEpsilon,
                    /*amsgrad=*/false, /*maximize=*/false, divisor);
  return norm;
}

void Adam::Save(torch::serialize::OutputArchive& archive) const {
  archive.write("steps", torch::IValue(steps_));
  SaveList("mean", means_, archive);
  SaveList("mean_square", mean_squares_, archive);
}

void Adam::Load(torch::serialize::InputArchive& archive) {
  const torch::NoGradGuard no_grad;
  torch::IValue steps;
  archive.read("steps", steps);
  LoadList("mean", means_, archive);
  LoadList("mean_square", mean_squares_, archive);
  steps_ = steps.toInt();
}

}  // namespace ganserve
