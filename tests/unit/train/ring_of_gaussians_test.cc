// Which recipes cover every mode of a distribution that is hard for GANs: eight narrow Gaussians on a ring (Metz et al.
// 2016, arXiv:1611.02163). The step is the trainer's own, the networks are small and two-dimensional.
#include <gtest/gtest.h>

#include <numbers>

#include "server/train/gan.h"
#include "server/train/random_tensors.h"

namespace ganserve {
namespace {

constexpr int64_t kModes = 8;
constexpr int64_t kBatch = 128;
constexpr double kDeviation = 0.02;
constexpr int kHidden = 64;

// Points of the plane stand as images of two channels and one pixel.
class PointGenerator final : public GeneratorNetwork {
 public:
  explicit PointGenerator(const NetworkShape& shape)
      : GeneratorNetwork(shape),
        layers_(register_module("layers", torch::nn::Sequential(torch::nn::Linear(shape.latent_size, kHidden),
                                                                torch::nn::ReLU(), torch::nn::Linear(kHidden, kHidden),
                                                                torch::nn::ReLU(), torch::nn::Linear(kHidden, 2)))) {}
  torch::Tensor forward(const torch::Tensor& z, const torch::Tensor&) override {
    return layers_->forward(z).view({-1, 2, 1, 1});
  }
  void WriteScript(ScriptWriter&) const override {}

 private:
  torch::nn::Sequential layers_;
};

class PointDiscriminator final : public DiscriminatorNetwork {
 public:
  explicit PointDiscriminator(const NetworkShape& shape)
      : DiscriminatorNetwork(shape, kHidden),
        first_(AddWeight("first", {kHidden, 2})),
        second_(AddWeight("second", {kHidden, kHidden})),
        first_bias_(register_parameter("first_bias", torch::zeros({kHidden}))),
        second_bias_(register_parameter("second_bias", torch::zeros({kHidden}))) {}

 private:
  torch::Tensor Features(const torch::Tensor& images) override {
    const torch::Tensor x = torch::linear(images.flatten(1), first_->forward(), first_bias_);
    return at::leaky_relu(torch::linear(at::leaky_relu(x, 0.2), second_->forward(), second_bias_), 0.2);
  }

  SpectralWeight first_, second_;
  torch::Tensor first_bias_, second_bias_;
};

constexpr NetworkFactory kNetworks{[](const NetworkShape& shape) -> std::shared_ptr<GeneratorNetwork> {
                                     return std::make_shared<PointGenerator>(shape);
                                   },
                                   [](const NetworkShape& shape) -> std::shared_ptr<DiscriminatorNetwork> {
                                     return std::make_shared<PointDiscriminator>(shape);
                                   }};

torch::Tensor Centres() {
  const torch::Tensor angle = torch::arange(kModes, torch::kFloat32) * (2 * std::numbers::pi / kModes);
  return torch::stack({angle.cos(), angle.sin()}, 1);
}

torch::Tensor Points(uint64_t seed) {
  const torch::Tensor mode = UniformIntegers(seed, 0, kModes - 1, {kBatch});
  return (Centres().index_select(0, mode) + kDeviation * NormalLatents(seed + 1'000'000, kBatch, 2))
      .view({-1, 2, 1, 1});
}

GanSettings Settings(GanLoss loss) {
  GanSettings settings;
  settings.shape.latent_size = 8;
  settings.shape.discriminator_norm = DiscriminatorNorm::kNone;
  settings.loss = loss;
  settings.generator_adam.learning_rate = settings.discriminator_adam.learning_rate = 1e-3;
  settings.ema_decay = 0.99;
  return settings;
}

// The number of modes of which a generated point in 40 or more is within three tenths of the ring's radius.
int64_t CoveredModes(const GanSettings& settings, int steps) {
  torch::set_num_threads(1);
  Gan gan(settings, torch::kCPU, kNetworks);
  for (auto& network : {gan.generator().named_parameters(), gan.discriminator().named_parameters()}) {
    const torch::NoGradGuard no_grad;  // 0.02 is for convolutions; these layers are narrow
    for (const auto& parameter : network) torch::Tensor(parameter.value()).mul_(10);
  }
  for (int step = 0; step < steps; ++step) {
    const auto seed = static_cast<uint64_t>(step);
    gan.Step({Points(seed), {}, NormalLatents(seed, kBatch, 8)});
  }
  const torch::NoGradGuard no_grad;
  const torch::Tensor points = gan.AveragedGenerator(1)->forward(NormalLatents(7'000'000, 1000, 8), {}).view({-1, 2});
  const torch::Tensor near = torch::cdist(points, Centres()).lt(0.3);
  return near.sum(0).ge(25).sum().item<int64_t>();
}

struct Recipe {
  const char* name;
  void (*set)(GanSettings& settings);
  bool covers;  // every mode
};

void PrintTo(const Recipe& recipe, std::ostream* out) { *out << recipe.name; }

class RingOfGaussiansTest : public testing::TestWithParam<Recipe> {};

TEST_P(RingOfGaussiansTest, CoversTheModesThatItsRecipePromises) {
  GanSettings settings = Settings(GanLoss::kBceWithLogits);
  GetParam().set(settings);
  const int64_t covered = CoveredModes(settings, 1000);
  RecordProperty("covered_modes", static_cast<int>(covered));
  if (GetParam().covers) {
    EXPECT_EQ(covered, kModes);
  } else {
    EXPECT_LE(covered, kModes / 2) << "then the ring no longer tells recipes apart";
  }
}

constexpr Recipe kRecipes[] = {
    {"CrossEntropy", [](GanSettings&) {}, true},
    {"CrossEntropyWithR1", [](GanSettings& s) { s.penalties.r1 = 0.1; }, true},
    {"CrossEntropyWithAHastyDiscriminator", [](GanSettings& s) { s.discriminator_adam.learning_rate = 1e-2; }, false},
    {"LeastSquares", [](GanSettings& s) { s.loss = GanLoss::kLeastSquares; }, true},
    {"HingeWithSpectralNorm",
     [](GanSettings& s) {
       s.loss = GanLoss::kHinge;
       s.shape.discriminator_norm = DiscriminatorNorm::kSpectral;
     },
     false},
    {"WassersteinWithoutPenalty", [](GanSettings& s) { s.loss = GanLoss::kWasserstein; }, false},
    {"WassersteinWithGradientPenalty",
     [](GanSettings& s) {
       s.loss = GanLoss::kWasserstein;
       s.penalties.gradient_penalty = 0.1;
       s.discriminator_adam.learning_rate = 3e-3;
     },
     true},
    {"RelativisticWithR1AndR2",
     [](GanSettings& s) {
       s.loss = GanLoss::kRelativistic;
       s.penalties = {0, 0.1, 0.1, 1};
     },
     true},
};

INSTANTIATE_TEST_SUITE_P(Recipes, RingOfGaussiansTest, testing::ValuesIn(kRecipes),
                         [](const auto& recipe) { return std::string(recipe.param.name); });

}  // namespace
}  // namespace ganserve
