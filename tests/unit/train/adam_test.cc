#include "server/train/adam.h"

#include <gtest/gtest.h>

#include <cmath>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include "server/train/random_tensors.h"

namespace ganserve {
namespace {

using Parameters = std::vector<torch::Tensor>;

// Two parameters, one of them channels-last, with lengths that fill no vector register evenly.
Parameters MakeParameters() {
  const Parameters parameters = {NormalLatents(3, 60, 1).view({3, 5, 2, 2}).contiguous(at::MemoryFormat::ChannelsLast),
                                 NormalLatents(4, 7, 1).view({7})};
  for (const torch::Tensor& parameter : parameters) parameter.requires_grad_();
  return parameters;
}

// The gradient of every parameter in the given step.
void SetGradients(const Parameters& parameters, int step) {
  for (size_t i = 0; i < parameters.size(); ++i) {
    const torch::Tensor& parameter = parameters[i];
    const auto seed = static_cast<uint64_t>(step) * parameters.size() + i;
    const torch::Tensor values = 0.1 * NormalLatents(seed, parameter.numel(), 1).view(parameter.sizes());
    parameter.mutable_grad() = torch::empty_like(parameter.detach()).copy_(values);
  }
}

torch::Tensor Flat(const Parameters& parameters) {
  Parameters parts;
  for (const torch::Tensor& parameter : parameters) parts.push_back(parameter.detach().reshape(-1));
  return torch::cat(parts).clone();
}

torch::Tensor FlatGradient(const Parameters& parameters) {
  Parameters parts;
  for (const torch::Tensor& parameter : parameters) parts.push_back(parameter.grad().reshape(-1));
  return torch::cat(parts).clone();
}

std::string SaveToString(const Adam& adam) {
  torch::serialize::OutputArchive archive;
  adam.Save(archive);
  std::ostringstream stream;
  archive.save_to(stream);
  return std::move(stream).str();
}

void LoadFromString(const std::string& bytes, Adam* adam) {
  torch::serialize::InputArchive archive;
  archive.load_from(bytes.data(), bytes.size());
  adam->Load(archive);
}

// The papers' formulas, element by element in double.
class ReferenceAdam {
 public:
  ReferenceAdam(const torch::Tensor& weights, const AdamSettings& settings) : settings_(settings) {
    for (int64_t i = 0; i < weights.numel(); ++i) weights_.push_back(weights[i].item<double>());
    m_.resize(weights_.size());
    v_.resize(weights_.size());
  }

  void Step(const torch::Tensor& gradient) {
    ++t_;
    double square = 0;
    for (size_t i = 0; i < weights_.size(); ++i)
      square += std::pow(gradient[static_cast<int64_t>(i)].item<double>(), 2);
    const double norm = std::sqrt(square);
    const double limit = settings_.max_gradient_norm;
    const double scale = limit > 0 && norm > limit ? limit / norm : 1;
    for (size_t i = 0; i < weights_.size(); ++i) Update(i, scale * gradient[static_cast<int64_t>(i)].item<double>());
  }

  const std::vector<double>& weights() const { return weights_; }

 private:
  void Update(size_t i, double g) {
    m_[i] = settings_.beta1 * m_[i] + (1 - settings_.beta1) * g;
    v_[i] = settings_.beta2 * v_[i] + (1 - settings_.beta2) * g * g;
    const double m = m_[i] / (1 - std::pow(settings_.beta1, t_));
    const double v = v_[i] / (1 - std::pow(settings_.beta2, t_));
    weights_[i] -= settings_.learning_rate * (m / (std::sqrt(v) + 1e-8) + settings_.weight_decay * weights_[i]);
  }

  const AdamSettings settings_;
  int t_ = 0;
  std::vector<double> weights_;
  std::vector<double> m_;
  std::vector<double> v_;
};

struct NamedSettings {
  std::string name;
  AdamSettings settings;
};

void PrintTo(const NamedSettings& named, std::ostream* out) { *out << named.name; }

class AdamFormulaTest : public testing::TestWithParam<NamedSettings> {};

TEST_P(AdamFormulaTest, StepsAsThePapersSay) {
  const Parameters parameters = MakeParameters();
  ReferenceAdam reference(Flat(parameters), GetParam().settings);
  Adam adam(parameters, GetParam().settings);
  for (int step = 1; step <= 10; ++step) {
    SetGradients(parameters, step);
    reference.Step(FlatGradient(parameters));
    adam.Step();
  }
  const torch::Tensor weights = Flat(parameters);
  for (size_t i = 0; i < reference.weights().size(); ++i) {
    ASSERT_NEAR(weights[static_cast<int64_t>(i)].item<double>(), reference.weights()[i], 2e-6) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Settings, AdamFormulaTest,
                         testing::Values(NamedSettings{"Plain", {0.01, 0.5, 0.999, 0, 0}},
                                         NamedSettings{"NoMomentum", {0.01, 0, 0.9, 0, 0}},
                                         NamedSettings{"WeightDecay", {0.01, 0.9, 0.99, 0.1, 0}},
                                         NamedSettings{"Clipping", {0.01, 0.5, 0.9, 0, 0.3}},
                                         NamedSettings{"DecayAndClipping", {0.01, 0.5, 0.9, 0.1, 0.3}}),
                         [](const auto& named) { return named.param.name; });

TEST(AdamTest, WithoutDecayAndClippingIsTorchsAdam) {
  const Parameters parameters = MakeParameters();
  const Parameters expected = MakeParameters();
  Adam adam(parameters, {0.01, 0.5, 0.999});
  torch::optim::Adam torchs(expected, torch::optim::AdamOptions(0.01).betas({0.5, 0.999}));
  for (int step = 1; step <= 10; ++step) {
    SetGradients(parameters, step);
    SetGradients(expected, step);
    adam.Step();
    torchs.step();
  }
  EXPECT_TRUE(torch::allclose(Flat(parameters), Flat(expected), 0, 1e-6));
}

TEST(AdamTest, ReturnsTheNormBeforeClippingAndLeavesTheClippedGradient) {
  const Parameters parameters = MakeParameters();
  Adam adam(parameters, {0.01, 0.5, 0.999, 0, 0.25});
  SetGradients(parameters, 1);
  const torch::Tensor before = FlatGradient(parameters);
  const double norm = before.norm().item<double>();
  ASSERT_GT(norm, 0.25);
  EXPECT_NEAR(adam.Step().item<double>(), norm, 1e-6);
  EXPECT_TRUE(torch::allclose(FlatGradient(parameters), before * (0.25 / norm)));
}

TEST(AdamTest, AGradientWithinTheLimitIsNotTouched) {
  const Parameters parameters = MakeParameters();
  Adam adam(parameters, {0.01, 0.5, 0.999, 0, 1000});
  SetGradients(parameters, 1);
  const torch::Tensor before = FlatGradient(parameters);
  adam.Step();
  EXPECT_TRUE(FlatGradient(parameters).equal(before));
}

TEST(AdamTest, ALearningRateCountsFromTheNextStepOn) {
  const Parameters parameters = MakeParameters();
  Adam adam(parameters, {0.01, 0.5, 0.999, 0.1});
  adam.set_learning_rate(0);
  EXPECT_EQ(adam.learning_rate(), 0);
  const torch::Tensor before = Flat(parameters);
  SetGradients(parameters, 1);
  adam.Step();
  EXPECT_TRUE(Flat(parameters).equal(before));
}

TEST(AdamTest, NaNInAGradientShowsInTheNormAndTheWeights) {
  const Parameters parameters = MakeParameters();
  Adam adam(parameters, {0.01, 0.5, 0.999, 0, 0.25});
  SetGradients(parameters, 1);
  parameters[1].grad()[2] = std::nan("");
  EXPECT_TRUE(std::isnan(adam.Step().item<double>()));
  EXPECT_TRUE(Flat(parameters).isnan().any().item<bool>());
}

TEST(AdamTest, GoesOnFromASavedStateBitForBit) {
  const Parameters parameters = MakeParameters();
  Adam adam(parameters, {0.01, 0.5, 0.999});
  SetGradients(parameters, 1);
  adam.Step();
  const Parameters copies = {parameters[0].detach().clone(), parameters[1].detach().clone()};
  Adam restored(copies, {0.01, 0.5, 0.999});
  LoadFromString(SaveToString(adam), &restored);
  EXPECT_EQ(SaveToString(restored), SaveToString(adam)) << "equal states have equal bytes";
  SetGradients(parameters, 2);
  SetGradients(copies, 2);
  adam.Step();
  restored.Step();
  EXPECT_TRUE(Flat(copies).equal(Flat(parameters)));
  EXPECT_EQ(SaveToString(restored), SaveToString(adam));
}

TEST(AdamTest, RefusesTheStateOfOtherParameters) {
  const Parameters parameters = MakeParameters();
  Adam adam(parameters, {});
  Adam fewer({torch::zeros({3, 5, 2, 2})}, {});
  Adam others({torch::zeros({3, 5, 2, 1}), torch::zeros({7})}, {});
  EXPECT_THROW(LoadFromString(SaveToString(fewer), &adam), c10::Error);
  EXPECT_THROW(LoadFromString(SaveToString(others), &adam), c10::Error);
  EXPECT_THROW(LoadFromString(SaveToString(adam), &fewer), c10::Error);
}

TEST(AdamTest, RefusesAStepWithoutAGradient) {
  const Parameters parameters = MakeParameters();
  Adam adam(parameters, {});
  SetGradients(parameters, 1);
  parameters[1].mutable_grad().reset();
  EXPECT_THROW(adam.Step(), c10::Error);
}

TEST(AdamTest, PairsAGradientThatLiesOtherwiseInMemoryByPlace) {
  const auto step = [](bool otherwise) {
    const Parameters parameters = MakeParameters();
    Adam adam(parameters, {});
    SetGradients(parameters, 1);
    torch::Tensor& gradient = parameters[0].mutable_grad();
    const auto format = gradient.is_contiguous() ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
    if (otherwise) gradient = gradient.clone(format);
    EXPECT_EQ(gradient.strides() == parameters[0].strides(), !otherwise);
    adam.Step();
    return parameters[0].detach().clone();
  };
  EXPECT_TRUE(step(true).equal(step(false)));
}

TEST(AdamTest, RefusesAParameterThatHasMovedInMemory) {
  const Parameters parameters = MakeParameters();
  Adam adam(parameters, {});
  torch::Tensor(parameters[0]).set_data(parameters[0].detach().contiguous());
  SetGradients(parameters, 1);
  EXPECT_THROW(adam.Step(), c10::Error);
}

TEST(AdamTest, ZeroGradientsForgetsThem) {
  const Parameters parameters = MakeParameters();
  Adam adam(parameters, {});
  SetGradients(parameters, 1);
  adam.ZeroGradients();
  for (const torch::Tensor& parameter : parameters) EXPECT_FALSE(parameter.grad().defined());
}

}  // namespace
}  // namespace ganserve
