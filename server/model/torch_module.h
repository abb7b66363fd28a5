// A loaded TorchScript module as a function from latents to floats. Torch headers: only for .cc files of this folder.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/interpreter.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/device/device.h"

namespace ganserve {

// The frozen forward of a generator. Immutable: Run may be called by several threads at once. torch's exceptions end
// here.
class TorchModule {
 public:
  // Reads a TorchScript archive, puts it into evaluation mode and freezes it.
  static absl::StatusOr<std::unique_ptr<TorchModule>> Load(const std::string& archive, const Device& device);

  // The same function, faster for inputs like these on the CPU: see fuse_transposed_convolutions.h.
  absl::StatusOr<std::unique_ptr<TorchModule>> Optimized(const at::Tensor& latents, const at::Tensor& labels) const;

  // Whether forward takes labels after the latents.
  bool takes_labels() const { return takes_labels_; }

  // Latent sizes that the model's weights suggest, the likeliest first.
  const std::vector<int64_t>& latent_sizes() const { return latent_sizes_; }

  // One forward pass: `latents` [N, Z, ...] and `labels` [N] (undefined without) on the CPU; the answer is on the
  // device.
  absl::StatusOr<at::Tensor> Run(const at::Tensor& latents, const at::Tensor& labels) const;

 private:
  TorchModule(std::shared_ptr<torch::jit::Graph> graph, at::Device device);

  static absl::StatusOr<std::unique_ptr<TorchModule>> LoadOrThrow(const std::string& archive, const Device& device);
  // The arguments of the graph, on the device.
  torch::jit::Stack Arguments(const at::Tensor& latents, const at::Tensor& labels) const;
  at::Tensor RunOrThrow(const at::Tensor& latents, const at::Tensor& labels) const;

  const at::Device device_;
  const std::shared_ptr<torch::jit::Graph> graph_;
  const torch::jit::Code code_;
  bool takes_labels_ = false;
  std::vector<int64_t> latent_sizes_;
};

// The first line of a torch exception: the rest is its stack.
std::string FirstLine(const std::exception& error);

}  // namespace ganserve
