// The bare forward pass of a generator in one process and one thread: what scripts/bench compares the served cost with.
//
//   forward_bench --model DIR    (a version folder with model.pt)
//
// Ways of an expert, each at several batch sizes; items are images, so "time per item" is the cost of one image:
//   module         the TorchScript module as it was exported, in evaluation mode
//   channels_last  the same with channels-last weights
//   fused          as the server runs it: batch norm and ReLU folded into transposed convolutions on packed weights
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
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

Forward Fused(const std::string& folder, int64_t latent_size) {
  const auto loaded = ganserve::TorchModule::Load(ReadModel(folder), ganserve::Device{});
  std::shared_ptr<ganserve::TorchModule> module = (*loaded)->Optimized(at::zeros({16, latent_size}), {}).value();
  return [module](const at::Tensor& latents) { benchmark::DoNotOptimize(module->Run(latents, {})); };
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
  ganserve::TuneMalloc();
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
  Register("fused", Fused(folder, latent_size), latent_size);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
