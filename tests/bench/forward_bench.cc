// The bare forward pass of a generator in one process and one thread: what scripts/bench compares the served cost with.
//
//   forward_bench --model DIR    (a version folder with model.pt, of ganserve's own DCGAN)
//
// Ways of an expert with LibTorch, and ours, each at several batch sizes; items are images, so "time per item" is the
// cost of one image:
//   module         the TorchScript module as it was exported, in evaluation mode
//   channels_last  the same with channels-last weights
//   prepacked      the best that LibTorch offers: batch norm and ReLU folded into oneDNN's transposed convolutions,
//   weights
//                  packed for them beforehand, written by hand as calls of operators
//   server         as the server runs it: the module on the kernels of server/kernels/
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <benchmark/benchmark.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/jit/serialization/import.h>

#include <cstdio>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/base/memory.h"
#include "server/model/torch_module.h"

namespace {

using Forward = std::function<void(const at::Tensor&)>;

std::string ReadModel(const std::string& folder) {
  std::ifstream file(folder + "/model.pt", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

Forward Module(const std::string& folder, bool channels_last) {
  auto module = std::make_shared<torch::jit::Module>(torch::jit::load(folder + "/model.pt"));
  module->eval();
  if (channels_last) {
    const at::NoGradGuard no_grad;
    for (at::Tensor parameter : module->parameters()) {
      if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast));
    }
  }
  return [module](const at::Tensor& latents) { benchmark::DoNotOptimize(module->forward({latents})); };
}

at::Tensor CallOperator(const char* name, std::vector<c10::IValue> arguments) {
  torch::jit::Stack stack = std::move(arguments);
  c10::Dispatcher::singleton().findSchemaOrThrow(name, "").callBoxed(&stack);
  return stack.front().toTensor();
}

// The DCGAN's layers in order. What the folded weights are makes no difference to the time.
class Prepacked {
 public:
  explicit Prepacked(const std::string& folder) {
    const torch::jit::Module module = torch::jit::load(folder + "/model.pt");
    std::vector<int64_t> size{16, 0, 1, 1};
    for (const at::Tensor& parameter : module.parameters()) {
      if (parameter.dim() != 4) continue;
      const bool first = layers_.empty();
      const std::vector<int64_t> stride(2, first ? 1 : 2), padding(2, first ? 0 : 1), zeros(2, 0), ones(2, 1);
      size[1] = parameter.size(0);
      const at::Tensor packed = CallOperator("mkldnn::_reorder_convolution_transpose_weight",
                                             {parameter.contiguous(), padding, zeros, stride, ones, int64_t{1}, size});
      layers_.push_back({c10::IValue(), packed, at::zeros({parameter.size(1)}), padding, zeros, stride, ones,
                         int64_t{1}, "relu", c10::List<std::optional<at::Scalar>>(), ""});
      for (const int i : {2, 3}) size[i] = first ? 4 : 2 * size[i];
    }
    layers_.back()[kActivation] = "none";
  }

  at::Tensor operator()(const at::Tensor& latents) const {
    at::Tensor x = latents.reshape({latents.size(0), latents.size(1), 1, 1});
    for (std::vector<c10::IValue> arguments : layers_) {
      arguments.front() = x;
      x = CallOperator("mkldnn::_convolution_transpose_pointwise", std::move(arguments));
    }
    return x.tanh_();
  }

 private:
  static constexpr size_t kActivation = 8;

  std::vector<std::vector<c10::IValue>> layers_;  // arguments of each layer's operator; the first is its input
};

Forward Server(const std::string& folder, int64_t latent_size) {
  const auto loaded = ganserve::TorchModule::Load(ReadModel(folder), ganserve::Device{});
  std::shared_ptr<ganserve::TorchModule> module = (*loaded)->Optimized(at::zeros({16, latent_size}), {}).value();
  return [module](const at::Tensor& latents) { benchmark::DoNotOptimize(module->Run(latents, {}).value()); };
}

void Measure(benchmark::State& state, const Forward& forward, int64_t latent_size) {
  const c10::InferenceMode inference;
  const at::Tensor latents = at::randn({state.range(0), latent_size});
  for (auto _ : state) forward(latents);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void Register(const std::string& name, const Forward& forward, int64_t latent_size) {
  benchmark::RegisterBenchmark(
      name.c_str(), [forward, latent_size](benchmark::State& state) { Measure(state, forward, latent_size); })
      ->RangeMultiplier(2)
      ->Range(1, 128);
}

}  // namespace

int main(int argc, char** argv) {
  ganserve::TuneMalloc(ganserve::kServingMemory);
  at::set_num_threads(1);
  benchmark::Initialize(&argc, argv);
  if (argc != 3 || std::string_view(argv[1]) != "--model") {
    std::fprintf(stderr, "usage: forward_bench --model DIR [--benchmark_... options]\n");
    return 2;
  }
  const std::string folder = argv[2];
  const auto probe = ganserve::TorchModule::Load(ReadModel(folder), ganserve::Device{});
  if (!probe.ok()) {
    std::fprintf(stderr, "forward_bench: %s\n", std::string(probe.status().message()).c_str());
    return 1;
  }
  const int64_t latent_size = (*probe)->latent_sizes().front();
  Register("module", Module(folder, false), latent_size);
  Register("channels_last", Module(folder, true), latent_size);
  const Prepacked prepacked(folder);
  Register(
      "prepacked", [prepacked](const at::Tensor& z) { benchmark::DoNotOptimize(prepacked(z)); }, latent_size);
  Register("server", Server(folder, latent_size), latent_size);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
