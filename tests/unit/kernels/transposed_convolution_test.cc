#include "server/kernels/transposed_convolution.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "server/kernels/panel_product.h"

namespace ganserve {
namespace {

size_t Size(int64_t value) { return static_cast<size_t>(value); }

std::vector<float> Random(int64_t size, unsigned seed) {
  std::mt19937 engine(seed);
  std::vector<float> values(Size(size));
  for (float& value : values) value = static_cast<float>(engine()) / 4294967296.0f - 0.5f;
  return values;
}

// A convolution with random weights, and its definition to compare with.
class Subject {
 public:
  explicit Subject(const TransposedConvolutionShape& shape, Activation activation = Activation::kNone)
      : shape_(shape),
        weight_(Random(shape.in_channels * shape.out_channels * shape.kernel.area(), 1)),
        bias_(Random(shape.out_channels, 2)),
        convolution_(TransposedConvolution::Create(shape, weight_, bias_, activation)) {}

  int64_t in_floats() const { return shape_.in_channels * shape_.input.area(); }
  int64_t out_floats() const { return shape_.out_channels * shape_.output().area(); }

  std::vector<float> Run(const std::vector<float>& input) const {
    const int64_t images = static_cast<int64_t>(input.size()) / in_floats();
    // Not numbers: what is not written shows.
    std::vector<float> output(Size(images * out_floats()), std::numeric_limits<float>::quiet_NaN());
    convolution_->Run(input.data(), images, output.data());
    return output;
  }

  // output[o] = bias + sum over i, k with o = i stride - padding + k of input[i] weight[k], in double precision.
  std::vector<double> Define(const std::vector<float>& image) const {
    const Extent out = shape_.output();
    std::vector<double> sums;
    for (int64_t i = 0; i < out.area(); ++i) sums.insert(sums.end(), bias_.begin(), bias_.end());
    for (int64_t i = 0; i < shape_.input.area(); ++i) {
      for (int64_t k = 0; k < shape_.kernel.area(); ++k) {
        const int64_t oy =
            i / shape_.input.width * shape_.stride.height - shape_.padding.height + k / shape_.kernel.width;
        const int64_t ox =
            i % shape_.input.width * shape_.stride.width - shape_.padding.width + k % shape_.kernel.width;
        if (oy < 0 || oy >= out.height || ox < 0 || ox >= out.width) continue;
        AddTap(&image[Size(i * shape_.in_channels)], k, &sums[Size((oy * out.width + ox) * shape_.out_channels)]);
      }
    }
    return sums;
  }

 private:
  void AddTap(const float* input, int64_t tap, double* sums) const {
    for (int64_t in = 0; in < shape_.in_channels; ++in) {
      for (int64_t out = 0; out < shape_.out_channels; ++out) {
        const int64_t place = (in * shape_.out_channels + out) * shape_.kernel.area() + tap;
        sums[out] += static_cast<double>(input[in]) * static_cast<double>(weight_[Size(place)]);
      }
    }
  }

  const TransposedConvolutionShape shape_;
  const std::vector<float> weight_;
  const std::vector<float> bias_;
  const std::unique_ptr<const TransposedConvolution> convolution_;
};

class TransposedConvolutionTest : public testing::TestWithParam<TransposedConvolutionShape> {
 protected:
  void SetUp() override {
    if (!HasKernelInstructions()) GTEST_SKIP() << "no AVX2 here, so no kernel is used";
  }
};

TEST_P(TransposedConvolutionTest, IsWhatTheDefinitionSays) {
  const Subject subject(GetParam());
  const std::vector<float> image = Random(subject.in_floats(), 3);
  const std::vector<float> output = subject.Run(image);
  const std::vector<double> expected = subject.Define(image);
  ASSERT_EQ(output.size(), expected.size());
  for (size_t i = 0; i < output.size(); ++i) ASSERT_NEAR(output[i], expected[i], 1e-4) << "at " << i;
}

TEST_P(TransposedConvolutionTest, AnImageIsTheSameToTheBitInEveryBatch) {
  const Subject subject(GetParam(), Activation::kTanh);
  constexpr int64_t kImages = 37;
  const std::vector<float> input = Random(kImages * subject.in_floats(), 4);
  const std::vector<float> whole = subject.Run(input);
  for (const int64_t batch : {1, 2, 3, 5, 8, 16, 36}) {
    for (int64_t first = 0; first < kImages; first += batch) {
      const int64_t end = std::min(first + batch, kImages);
      const std::vector<float> part =
          subject.Run({input.begin() + first * subject.in_floats(), input.begin() + end * subject.in_floats()});
      ASSERT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + first * subject.out_floats()))
          << "images " << first << " to " << end;
    }
  }
}

TEST_P(TransposedConvolutionTest, AppliesTheActivationToTheSum) {
  const std::vector<float> input = Random(Subject(GetParam()).in_floats() * 2, 5);
  for (const Activation activation : {Activation::kRelu, Activation::kTanh}) {
    std::vector<float> expected = Subject(GetParam()).Run(input);
    Activate(activation, expected);
    EXPECT_EQ(Subject(GetParam(), activation).Run(input), expected);
  }
}

TEST_P(TransposedConvolutionTest, WhatIsNotANumberReachesTheOutput) {
  const Subject subject(GetParam(), Activation::kRelu);
  const std::vector<float> input(Size(subject.in_floats()), std::numeric_limits<float>::quiet_NaN());
  const std::vector<float> output = subject.Run(input);
  EXPECT_TRUE(std::any_of(output.begin(), output.end(), [](float value) { return std::isnan(value); }));
}

// in, out channels; input; kernel; stride; padding; output padding. The DCGAN's layers, made narrow, and odd ones.
INSTANTIATE_TEST_SUITE_P(Shapes, TransposedConvolutionTest,
                         testing::Values(TransposedConvolutionShape{10, 32, {1, 1}, {4, 4}, {1, 1}, {0, 0}, {0, 0}},
                                         TransposedConvolutionShape{32, 16, {4, 4}, {4, 4}, {2, 2}, {1, 1}, {0, 0}},
                                         TransposedConvolutionShape{12, 32, {8, 8}, {4, 4}, {2, 2}, {1, 1}, {0, 0}},
                                         TransposedConvolutionShape{9, 3, {8, 8}, {4, 4}, {2, 2}, {1, 1}, {0, 0}},
                                         TransposedConvolutionShape{9, 1, {8, 8}, {4, 4}, {2, 2}, {1, 1}, {0, 0}},
                                         TransposedConvolutionShape{5, 20, {3, 4}, {3, 3}, {1, 1}, {1, 1}, {0, 0}},
                                         TransposedConvolutionShape{5, 20, {3, 4}, {3, 5}, {2, 3}, {0, 1}, {1, 2}},
                                         TransposedConvolutionShape{3, 2, {2, 5}, {1, 2}, {3, 2}, {0, 0}, {2, 1}},
                                         TransposedConvolutionShape{4, 17, {5, 1}, {5, 4}, {2, 2}, {3, 1}, {0, 0}},
                                         TransposedConvolutionShape{1, 1, {1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}}));

TEST(TransposedConvolutionCreateTest, RefusesShapesWithoutOutput) {
  const std::vector<float> weight(1024);
  const auto create = [&](const TransposedConvolutionShape& shape) {
    return TransposedConvolution::Create(shape, weight, weight, Activation::kNone);
  };
  EXPECT_EQ(create({1, 1, {2, 2}, {2, 2}, {1, 1}, {2, 2}, {0, 0}}), nullptr);
  EXPECT_EQ(create({1, 1, {0, 2}, {2, 2}, {1, 1}, {0, 0}, {0, 0}}), nullptr);
  EXPECT_EQ(create({1, 1, {2, 2}, {2, 2}, {0, 1}, {0, 0}, {0, 0}}), nullptr);
  EXPECT_EQ(create({1, 1, {2, 2}, {2, 2}, {1, 1}, {-1, 0}, {0, 0}}), nullptr);
  EXPECT_EQ(create({1, 1, {1 << 20, 1 << 20}, {2, 2}, {1, 1}, {0, 0}, {0, 0}}), nullptr);
}

}  // namespace
}  // namespace ganserve
