#include "server/model/torch_module.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/jit/passes/freeze_module.h>
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/csrc/jit/serialization/import.h>

#include <algorithm>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/device/torch_device.h"
#include "server/model/fuse_transposed_convolutions.h"

namespace ganserve {
namespace {

// One thread for each forward pass: several workers use the cores better than one pass does, and oneDNN's transposed
// convolutions give the same bits at every batch size only so. OpenMP keeps the number per calling thread.
void UseOneThread() {
  thread_local const bool done = [] {
    at::set_num_threads(1);
    return true;
  }();
  static_cast<void>(done);
}

// A generator's first weight is [out, Z] (linear) or [Z, out, height, width] (transposed convolution).
std::vector<int64_t> LatentSizes(const torch::jit::Module& module) {
  std::vector<int64_t> sizes;
  const auto add = [&sizes](int64_t size) {
    if (std::find(sizes.begin(), sizes.end(), size) == sizes.end()) sizes.push_back(size);
  };
  for (const at::Tensor& parameter : module.parameters()) {
    if (parameter.dim() == 4) add(parameter.size(0));
    if (parameter.dim() == 2) add(parameter.size(1));
  }
  add(100);
  constexpr size_t kMostTried = 8;
  sizes.resize(std::min(sizes.size(), kMostTried));
  return sizes;
}

}  // namespace

std::string FirstLine(const std::exception& error) {
  const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
  const std::string_view text = torch_error != nullptr ? torch_error->what_without_backtrace() : error.what();
  return std::string(text.substr(0, text.find('\n')));
}

absl::StatusOr<std::unique_ptr<TorchModule>> TorchModule::Load(const std::string& archive, const Device& device) {
  try {
    return LoadOrThrow(archive, device);
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat("not a usable TorchScript archive: ", FirstLine(error)));
  }
}

absl::StatusOr<std::unique_ptr<TorchModule>> TorchModule::LoadOrThrow(const std::string& archive,
                                                                      const Device& device) {
  UseOneThread();
  if (device.cuda) MakeCudaDeterministic();
  std::istringstream stream(archive);
  torch::jit::Module module = torch::jit::load(stream, ToTorch(device));
  if (!module.find_method("forward")) return absl::InvalidArgumentError("the module has no method forward");
  module.eval();
  const std::vector<int64_t> latent_sizes = LatentSizes(module);
  module = torch::jit::freeze_module(module);
  const auto graph = module.get_method("forward").graph()->copy();
  torch::jit::Inline(*graph);
  const size_t inputs = graph->inputs().size() - 1;  // without self
  if (inputs != 1 && inputs != 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("forward takes ", inputs, " arguments; it must take latents, or latents and labels"));
  }
  // Self is a constant of the frozen graph's users; what still refers to it could not be frozen.
  if (!graph->inputs()[0]->uses().empty()) {
    return absl::InvalidArgumentError("the module keeps state that forward changes, so it cannot be frozen");
  }
  graph->eraseInput(0);
  auto loaded = std::unique_ptr<TorchModule>(new TorchModule(graph, ToTorch(device)));
  loaded->takes_labels_ = inputs == 2;
  loaded->latent_sizes_ = latent_sizes;
  return loaded;
}

TorchModule::TorchModule(std::shared_ptr<torch::jit::Graph> graph, at::Device device)
    : device_(device), graph_(std::move(graph)), code_(graph_, "forward") {}

absl::StatusOr<std::unique_ptr<TorchModule>> TorchModule::Optimized(const at::Tensor& latents,
                                                                    const at::Tensor& labels) const {
  try {
    const c10::InferenceMode inference;
    const auto graph = graph_->copy();
    if (device_.is_cpu()) FuseTransposedConvolutions(graph, Arguments(latents, labels));
    auto module = std::unique_ptr<TorchModule>(new TorchModule(graph, device_));
    module->takes_labels_ = takes_labels_;
    module->latent_sizes_ = latent_sizes_;
    return module;
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat("the model could not be optimised: ", FirstLine(error)));
  }
}

torch::jit::Stack TorchModule::Arguments(const at::Tensor& latents, const at::Tensor& labels) const {
  torch::jit::Stack stack{latents.to(device_)};
  if (takes_labels_) stack.emplace_back(labels.to(device_));
  return stack;
}

absl::StatusOr<at::Tensor> TorchModule::Run(const at::Tensor& latents, const at::Tensor& labels) const {
  try {
    return RunOrThrow(latents, labels);
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat("the forward pass failed: ", FirstLine(error)));
  }
}

at::Tensor TorchModule::RunOrThrow(const at::Tensor& latents, const at::Tensor& labels) const {
  UseOneThread();
  const c10::InferenceMode inference;
  torch::jit::Stack stack = Arguments(latents, labels);
  torch::jit::InterpreterState(code_).run(stack);
  return stack.at(0).toTensor();
}

}  // namespace ganserve
