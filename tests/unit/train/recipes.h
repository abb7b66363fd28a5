// Recipes that between them use every setting of a Gan, and small batches to train them on.
#pragma once

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <ostream>
#include <string>
#include <vector>

#include "server/train/gan.h"
#include "server/train/random_tensors.h"

namespace ganserve {

struct Recipe {
  const char* name;
  void (*set)(GanSettings& settings);
};

inline void PrintTo(const Recipe& recipe, std::ostream* out) { *out << recipe.name; }

inline constexpr Recipe kRecipes[] = {
    {"classic", [](GanSettings&) {}},
    {"least_squares_smooth",
     [](GanSettings& s) {
       s.loss = GanLoss::kLeastSquares;
       s.label_smoothing = 0.1;
     }},
    {"hinge_spectral_classes",
     [](GanSettings& s) {
       s.loss = GanLoss::kHinge;
       s.shape.discriminator_norm = DiscriminatorNorm::kSpectral;
       s.shape.classes = 3;
     }},
    {"wasserstein_penalty_five_steps",
     [](GanSettings& s) {
       s.loss = GanLoss::kWasserstein;
       s.shape.discriminator_norm = DiscriminatorNorm::kNone;
       s.penalties.gradient_penalty = 10;
       s.discriminator_steps = 3;
     }},
    {"relativistic_lazy_penalties_augmented",
     [](GanSettings& s) {
       s.loss = GanLoss::kRelativistic;
       s.shape.discriminator_norm = DiscriminatorNorm::kNone;
       s.penalties = {0, 1, 1, 2};
       s.diff_augment = {true, true, true};
     }},
    {"residual_clipped_decayed",
     [](GanSettings& s) {
       s.loss = GanLoss::kHinge;
       s.shape.body = NetworkBody::kResidual;
       s.shape.discriminator_norm = DiscriminatorNorm::kSpectral;
       s.shape.width = 1;
       s.generator_adam.max_gradient_norm = 0.1;
       s.discriminator_adam.weight_decay = 0.01;
     }},
};

inline GanSettings SettingsOf(const Recipe& recipe) {
  GanSettings settings;
  settings.shape = {32, 1, 2, 8};
  settings.ema_decay = 0.9;
  recipe.set(settings);
  return settings;
}

inline std::string NameOf(const testing::TestParamInfo<Recipe>& recipe) { return recipe.param.name; }

inline GanSettings Classic() { return SettingsOf(kRecipes[0]); }

// Six images and latents that depend on the step.
inline GanBatch Batch(const GanSettings& settings, int step, const torch::Device& device = torch::kCPU) {
  const auto seed = static_cast<uint64_t>(step);
  GanBatch batch;
  batch.real = NormalLatents(100 + seed, 6, 32 * 32).tanh().view({6, 1, 32, 32}).to(device);
  batch.z = NormalLatents(seed, 6, 8).to(device);
  if (settings.shape.classes > 0) batch.labels = UniformIntegers(seed, 0, settings.shape.classes - 1, {6}).to(device);
  return batch;
}

inline void Steps(Gan& gan, const GanSettings& settings, int first, int count,
                  const torch::Device& device = torch::kCPU) {
  for (int i = first; i < first + count; ++i) gan.Step(Batch(settings, i, device));
}

// All of a network, one after the other, on the CPU.
inline torch::Tensor Weights(const torch::nn::Module& module) {
  std::vector<torch::Tensor> parts;
  for (const torch::Tensor& parameter : module.parameters()) parts.push_back(parameter.detach().cpu().reshape(-1));
  return torch::cat(parts);
}

}  // namespace ganserve
