#include "server/kernels/activation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "server/kernels/panel_product.h"

namespace ganserve {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

class ActivationTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!HasKernelInstructions()) GTEST_SKIP() << "no AVX2 here, so no kernel is used";
  }

  static float One(Activation activation, float value) {
    std::vector<float> values{value};
    Activate(activation, values);
    return values[0];
  }
};

TEST_F(ActivationTest, NoneChangesNothing) {
  std::vector<float> values{-1.5f, 0.0f, 2.5f};
  Activate(Activation::kNone, values);
  EXPECT_EQ(values, (std::vector<float>{-1.5f, 0.0f, 2.5f}));
}

TEST_F(ActivationTest, ReluKeepsWhatIsPositive) {
  std::vector<float> values;
  std::vector<float> expected;
  for (int i = -20; i < 21; ++i) {
    values.push_back(static_cast<float>(i) / 4);
    expected.push_back(std::max(values.back(), 0.0f));
  }
  Activate(Activation::kRelu, values);
  EXPECT_EQ(values, expected);
}

TEST_F(ActivationTest, TanhIsWithinSixUnitsInTheLastPlace) {
  std::vector<float> arguments;
  for (int i = -120'000; i <= 120'000; ++i) arguments.push_back(static_cast<float>(i) * 1e-4f);
  for (float x = 1.0f; x > 1e-30f; x *= 0.7f) arguments.push_back(x);
  std::vector<float> values = arguments;
  Activate(Activation::kTanh, values);
  for (size_t i = 0; i < values.size(); ++i) {
    const double exact = std::tanh(static_cast<double>(arguments[i]));
    const float rounded = static_cast<float>(std::abs(exact));
    const double unit = static_cast<double>(std::nextafter(rounded, 2.0f)) - static_cast<double>(rounded);
    ASSERT_LE(std::abs(static_cast<double>(values[i]) - exact), 6 * unit) << arguments[i];
    ASSERT_LE(std::abs(values[i]), 1.0f) << arguments[i];
  }
}

TEST_F(ActivationTest, TanhOfTheLargestValuesIsOne) {
  EXPECT_EQ(One(Activation::kTanh, 1e30f), One(Activation::kTanh, kInfinity));
  EXPECT_NEAR(One(Activation::kTanh, kInfinity), 1.0f, 3e-7f);
  EXPECT_NEAR(One(Activation::kTanh, -kInfinity), -1.0f, 3e-7f);
}

TEST_F(ActivationTest, WhatIsNotANumberStaysSo) {
  for (const Activation activation : {Activation::kNone, Activation::kRelu, Activation::kTanh}) {
    EXPECT_TRUE(std::isnan(One(activation, kNan)));
  }
}

TEST_F(ActivationTest, AValueDoesNotDependOnItsPlace) {
  const std::vector<float> one{0.7310586f};
  for (size_t size = 1; size < 40; ++size) {
    std::vector<float> values(size, one[0]);
    Activate(Activation::kTanh, values);
    for (const float value : values) {
      ASSERT_EQ(std::bit_cast<uint32_t>(value), std::bit_cast<uint32_t>(One(Activation::kTanh, one[0])));
    }
  }
}

}  // namespace
}  // namespace ganserve
