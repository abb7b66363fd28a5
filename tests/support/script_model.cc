#include "tests/support/script_model.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/randn.h>
#include <torch/csrc/jit/api/module.h>

#include <sstream>

namespace ganserve {
namespace {

// FNV-1a: the same on every platform, unlike std::hash.
uint64_t SeedOf(const std::string& name) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

at::Tensor Values(const ScriptTensor& tensor) {
  const at::Generator random = at::make_generator<at::CPUGeneratorImpl>(SeedOf(tensor.name));
  const at::Tensor values = at::randn(tensor.size, random, at::kFloat) * tensor.scale;
  return tensor.positive ? values.abs() : values;
}

}  // namespace

std::string ScriptModel(const std::string& source, const std::vector<ScriptTensor>& tensors) {
  torch::jit::Module module("ScriptModel");
  for (const ScriptTensor& tensor : tensors) module.register_parameter(tensor.name, Values(tensor), false);
  module.define(source);
  std::ostringstream archive;
  module.save(archive);
  return archive.str();
}

std::string SmallDcgan(int channels) {
  return ScriptModel(R"(
def forward(self, z: Tensor) -> Tensor:
    x = torch.reshape(z, [z.size(0), 8, 1, 1])
    x = torch.conv_transpose2d(x, self.w0, None, [1, 1], [0, 0], [0, 0], 1, [1, 1])
    x = torch.relu(torch.batch_norm(x, self.gamma, self.beta, self.mean, self.variance, False, 0.1, 1e-5, False))
    x = torch.conv_transpose2d(x, self.w1, self.bias, [2, 2], [1, 1], [0, 0], 1, [1, 1])
    return torch.tanh(x)
)",
                     {{"w0", {8, 16, 4, 4}},
                      {"gamma", {16}, 1.0f, true},
                      {"beta", {16}},
                      {"mean", {16}},
                      {"variance", {16}, 1.0f, true},
                      {"w1", {16, channels, 4, 4}, 0.3f},
                      {"bias", {channels}}});
}

std::string SmallConditional() {
  return ScriptModel(R"(
def forward(self, z: Tensor, labels: Tensor) -> Tensor:
    x = torch.reshape(z, [z.size(0), 1, 2, 2]).repeat([1, 1, 2, 2]) * 0.1
    return torch.tanh(x + torch.reshape(labels, [z.size(0), 1, 1, 1]) - 1)
)");
}

}  // namespace ganserve
