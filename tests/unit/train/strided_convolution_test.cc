#include "server/train/strided_convolution.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "server/train/position_major.h"

namespace ganserve {
namespace {

using Tensors = std::vector<torch::Tensor>;

// Of a fine map [images, channels, height, width] and a weight [coarse_channels, channels, 4, 4].
struct Shape {
  std::string name;
  int64_t images;
  int64_t channels;
  int64_t coarse_channels;
  int64_t height;
  int64_t width;
};

void PrintTo(const Shape& shape, std::ostream* out) { *out << shape.name; }

torch::Tensor Random(std::vector<int64_t> sizes, uint64_t seed) {
  torch::manual_seed(seed);
  return torch::randn(sizes, torch::kFloat64);
}

torch::Tensor FineMap(const Shape& shape) {
  return Random({shape.images, shape.channels, shape.height, shape.width}, 1);
}

torch::Tensor CoarseMap(const Shape& shape) {
  return Random({shape.images, shape.coarse_channels, shape.height / 2, shape.width / 2}, 2);
}

torch::Tensor Weight(const Shape& shape) { return Random({shape.coarse_channels, shape.channels, 4, 4}, 3); }

torch::Tensor TorchsConvolution(const torch::Tensor& x, const torch::Tensor& weight) {
  return torch::conv2d(x, weight, {}, 2, 1);
}

torch::Tensor TorchsTransposed(const torch::Tensor& x, const torch::Tensor& weight) {
  return torch::conv_transpose2d(x, weight, {}, 2, 1);
}

bool Close(const torch::Tensor& actual, const torch::Tensor& expected, double tolerance = 1e-11) {
  return actual.sizes() == expected.sizes() && torch::allclose(actual, expected, tolerance, tolerance);
}

torch::Tensor ChannelsLast(const torch::Tensor& map) { return map.contiguous(at::MemoryFormat::ChannelsLast); }

torch::Tensor PositionMajorMap(const torch::Tensor& map) {
  return map.permute({2, 3, 0, 1}).contiguous().permute({2, 3, 0, 1});
}

// Of a scalar function: the derivatives by `at` that autograd gives against central differences along one random
// direction for each argument, in float64.
void ExpectDerivatives(const std::function<torch::Tensor(const Tensors&)>& function, const Tensors& at) {
  constexpr double kStep = 1e-5;
  Tensors arguments;
  for (const torch::Tensor& argument : at) arguments.push_back(argument.detach().clone().requires_grad_());
  const Tensors derivatives = torch::autograd::grad({function(arguments)}, arguments);
  for (size_t i = 0; i < at.size(); ++i) {
    const torch::Tensor direction = Random(at[i].sizes().vec(), 50 + i);
    const auto moved = [&](double step) {
      Tensors shifted = at;
      shifted[i] = at[i] + step * direction;
      return function(shifted).item<double>();
    };
    const double expected = (moved(kStep) - moved(-kStep)) / (2 * kStep);
    EXPECT_NEAR((derivatives[i] * direction).sum().item<double>(), expected, 1e-6 * std::max(1.0, std::abs(expected)))
        << "by argument " << i;
  }
}

class StridedConvolutionTest : public testing::TestWithParam<Shape> {};

TEST_P(StridedConvolutionTest, IsTorchsConvolution) {
  const torch::Tensor x = FineMap(GetParam());
  const torch::Tensor weight = Weight(GetParam());
  EXPECT_TRUE(Close(StridedConvolution(x, weight), TorchsConvolution(x, weight)));
  EXPECT_TRUE(Close(StridedConvolution(x.to(torch::kFloat32), weight.to(torch::kFloat32)).to(torch::kFloat64),
                    TorchsConvolution(x, weight), 1e-4));
}

TEST_P(StridedConvolutionTest, IsTorchsTransposedConvolution) {
  const torch::Tensor x = CoarseMap(GetParam());
  const torch::Tensor weight = Weight(GetParam());
  EXPECT_TRUE(Close(TransposedStridedConvolution(x, weight), TorchsTransposed(x, weight)));
  EXPECT_TRUE(Close(TransposedStridedConvolution(x.to(torch::kFloat32), weight.to(torch::kFloat32)).to(torch::kFloat64),
                    TorchsTransposed(x, weight), 1e-4));
}

TEST_P(StridedConvolutionTest, DerivativesOfTheConvolution) {
  const torch::Tensor factors = CoarseMap(GetParam());
  ExpectDerivatives([&](const Tensors& at) { return (StridedConvolution(at[0], at[1]).tanh() * factors).sum(); },
                    {FineMap(GetParam()), Weight(GetParam()) / 4});
}

TEST_P(StridedConvolutionTest, DerivativesOfTheTransposedConvolution) {
  const torch::Tensor factors = FineMap(GetParam());
  ExpectDerivatives(
      [&](const Tensors& at) { return (TransposedStridedConvolution(at[0], at[1]).tanh() * factors).sum(); },
      {CoarseMap(GetParam()), Weight(GetParam()) / 4});
}

// What a gradient penalty asks for: the derivatives of a function of derivatives, here by both operands. They need the
// derivatives of the weight gradient as well.
void ExpectSecondDerivatives(const std::function<torch::Tensor(const torch::Tensor&, const torch::Tensor&)>& layer,
                             const torch::Tensor& map, const torch::Tensor& weight, const torch::Tensor& factors) {
  ExpectDerivatives(
      [&](const Tensors& at) {
        const Tensors arguments = {at[0].requires_grad() ? at[0] : at[0].clone().requires_grad_(),
                                   at[1].requires_grad() ? at[1] : at[1].clone().requires_grad_()};
        const torch::Tensor value = (layer(arguments[0], arguments[1]).tanh() * factors).sum();
        const Tensors first = torch::autograd::grad({value}, arguments, {}, /*retain_graph=*/true,
                                                    /*create_graph=*/true);
        return first[0].square().sum() + first[1].square().sum() / 10;
      },
      {map, weight});
}

TEST_P(StridedConvolutionTest, SecondDerivativesOfTheConvolution) {
  ExpectSecondDerivatives(StridedConvolution, FineMap(GetParam()), Weight(GetParam()) / 4, CoarseMap(GetParam()));
}

TEST_P(StridedConvolutionTest, SecondDerivativesOfTheTransposedConvolution) {
  ExpectSecondDerivatives(TransposedStridedConvolution, CoarseMap(GetParam()), Weight(GetParam()) / 4,
                          FineMap(GetParam()));
}

TEST_P(StridedConvolutionTest, TakesAnyMemoryLayout) {
  const torch::Tensor x = FineMap(GetParam());
  const torch::Tensor y = CoarseMap(GetParam());
  const torch::Tensor weight = Weight(GetParam());
  const torch::Tensor expected = StridedConvolution(x, weight);
  const torch::Tensor transposed = TransposedStridedConvolution(y, weight);
  for (const auto& layout : {ChannelsLast, PositionMajorMap}) {
    EXPECT_TRUE(Close(StridedConvolution(layout(x), weight), expected));
    EXPECT_TRUE(Close(StridedConvolution(x, layout(weight)), expected));
    EXPECT_TRUE(Close(TransposedStridedConvolution(layout(y), PositionMajorWeight(weight)), transposed));
  }
}

// Results and derivatives in float32, as one row of numbers.
torch::Tensor AllBits(const Shape& shape) {
  const torch::Tensor x = FineMap(shape).to(torch::kFloat32).requires_grad_();
  const torch::Tensor weight = Weight(shape).to(torch::kFloat32).requires_grad_();
  const torch::Tensor y = StridedConvolution(x, weight);
  const Tensors derivatives = torch::autograd::grad({y.square().sum()}, {x, weight});
  return torch::cat({y.reshape(-1), derivatives[0].reshape(-1), derivatives[1].reshape(-1)});
}

TEST_P(StridedConvolutionTest, GivesTheSameBitsEveryTime) {
  const torch::Tensor expected = AllBits(GetParam());
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(AllBits(GetParam()).equal(expected));
}

INSTANTIATE_TEST_SUITE_P(Shapes, StridedConvolutionTest,
                         testing::Values(Shape{"Wide", 3, 16, 9, 8, 10}, Shape{"OneCoarsePosition", 4, 8, 8, 2, 2},
                                         Shape{"OneRowOfOneImage", 1, 8, 5, 2, 6}, Shape{"Grey", 3, 1, 6, 8, 6},
                                         Shape{"Colour", 2, 3, 7, 6, 8}),
                         [](const auto& shape) { return shape.param.name; });

TEST(StridedConvolutionThreadsTest, TheirNumberChangesNoBit) {
  const int threads = torch::get_num_threads();
  const Shape shape{"", 16, 16, 32, 8, 8};
  torch::set_num_threads(1);
  const torch::Tensor expected = AllBits(shape);
  for (const int count : {2, 3}) {
    torch::set_num_threads(count);
    EXPECT_TRUE(AllBits(shape).equal(expected)) << count;
  }
  torch::set_num_threads(threads);
}

// Optimisers pair gradients and parameters by their places in memory.
TEST(StridedConvolutionLayoutTest, AGradientLiesAsItsParameter) {
  const Shape shape{"", 2, 8, 6, 4, 4};
  for (const torch::Tensor& weight : {PositionMajorWeight(Weight(shape)), Weight(shape)}) {
    const torch::Tensor parameter = weight.detach().requires_grad_();
    StridedConvolution(FineMap(shape), parameter).sum().backward();
    EXPECT_EQ(parameter.grad().strides(), parameter.strides());
  }
}

TEST(StridedConvolutionLayoutTest, APositionMajorWeightIsTheSameWeight) {
  const torch::Tensor weight = Weight({"", 1, 8, 6, 4, 4});
  EXPECT_TRUE(PositionMajorWeight(weight).equal(weight));
  EXPECT_EQ(PositionMajorWeight(weight).strides(), (std::vector<int64_t>{1, 6, 4 * 8 * 6, 8 * 6}));
}

TEST(StridedConvolutionLayoutTest, BatchNormIsTorchsInAnyLayout) {
  const auto run = [](const torch::Tensor& map, bool ours) {
    torch::nn::BatchNorm2d norm(torch::nn::BatchNorm2dOptions(5));
    norm->to(torch::kFloat64);
    const torch::Tensor x = map.detach().requires_grad_();
    const torch::Tensor y = ours ? BatchNorm(norm, x) : norm->forward(x);
    y.tanh().sum().backward();
    return Tensors{y.detach(), x.grad(), norm->weight.grad(), norm->running_mean, norm->running_var};
  };
  const torch::Tensor x = Random({3, 5, 4, 6}, 1) + 1;
  const Tensors expected = run(x, false);
  for (const torch::Tensor& map : {x, ChannelsLast(x), PositionMajorMap(x)}) {
    const Tensors actual = run(map, true);
    for (size_t i = 0; i < expected.size(); ++i) EXPECT_TRUE(Close(actual[i], expected[i])) << i;
    EXPECT_EQ(actual[0].strides(), map.strides());
  }
}

TEST(StridedConvolutionErrorTest, RefusesWhatDoesNotFit) {
  const torch::Tensor weight = torch::zeros({6, 8, 4, 4});
  EXPECT_THROW(StridedConvolution(torch::zeros({2, 8, 5, 4}), weight), c10::Error) << "an odd side";
  EXPECT_THROW(StridedConvolution(torch::zeros({2, 6, 4, 4}), weight), c10::Error) << "other channels";
  EXPECT_THROW(StridedConvolution(torch::zeros({8, 4, 4}), weight), c10::Error) << "no batch";
  EXPECT_THROW(StridedConvolution(torch::zeros({2, 8, 4, 4}), torch::zeros({6, 8, 3, 3})), c10::Error)
      << "a 3x3 kernel";
  EXPECT_THROW(StridedConvolution(torch::zeros({2, 8, 4, 4}, torch::kFloat64), weight), c10::Error) << "two types";
  EXPECT_THROW(TransposedStridedConvolution(torch::zeros({2, 8, 4, 4}), weight), c10::Error) << "other channels";
}

}  // namespace
}  // namespace ganserve
