#include "server/kernels/panel_product.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace ganserve {
namespace {

std::vector<float> Random(size_t size, unsigned seed) {
  std::mt19937 engine(seed);
  std::vector<float> values(size);
  for (float& value : values) value = static_cast<float>(engine()) / 4294967296.0f - 0.5f;
  return values;
}

struct Size {
  size_t rows, panels, depth;
};

class PanelProductTest : public testing::TestWithParam<Size> {
 protected:
  void SetUp() override {
    if (!HasKernelInstructions()) GTEST_SKIP() << "no AVX2 here, so no kernel is used";
  }
};

// Bit by bit: the order of the additions is the promise.
TEST_P(PanelProductTest, IsTheChainOfMultiplyAddsInAscendingOrder) {
  const auto [rows, panels, depth] = GetParam();
  const size_t columns = panels * kPanelWidth;
  const std::vector<float> input = Random(rows * depth, 1);
  const std::vector<float> matrix = Random(columns * depth, 2);
  std::vector<float> output = Random(rows * columns, 3);
  std::vector<float> expected = output;
  for (size_t row = 0; row < rows; ++row) {
    for (size_t column = 0; column < columns; ++column) {
      float& sum = expected[row * columns + column];
      for (size_t k = 0; k < depth; ++k) {
        const size_t place = (column / kPanelWidth * depth + k) * kPanelWidth + column % kPanelWidth;
        sum = std::fma(input[row * depth + k], matrix[place], sum);
      }
    }
  }
  std::vector<RowOffsets> offsets;
  for (size_t row = 0; row < rows; ++row) {
    offsets.push_back({static_cast<uint32_t>(row * depth), static_cast<uint32_t>(row * columns)});
  }
  AddProduct(input.data(), offsets, matrix.data(), panels, depth, output.data());
  EXPECT_EQ(output, expected);
}

INSTANTIATE_TEST_SUITE_P(Sizes, PanelProductTest,
                         testing::Values(Size{1, 1, 1}, Size{1, 4, 9}, Size{1, 7, 100}, Size{2, 1, 5}, Size{2, 5, 33},
                                         Size{3, 2, 17}, Size{3, 3, 64}, Size{4, 2, 8}, Size{5, 1, 31}, Size{6, 3, 12},
                                         Size{7, 2, 3}, Size{13, 1, 40}, Size{64, 2, 16}));

TEST(PanelProductEdgeTest, NoRowsAndNoDepthChangeNothing) {
  if (!HasKernelInstructions()) GTEST_SKIP() << "no AVX2 here, so no kernel is used";
  const std::vector<float> zeros(kPanelWidth);
  std::vector<float> output(kPanelWidth, 7.0f);
  AddProduct(zeros.data(), {}, zeros.data(), 1, 1, output.data());
  const std::vector<RowOffsets> row{{0, 0}};
  AddProduct(zeros.data(), row, zeros.data(), 1, 0, output.data());
  EXPECT_EQ(output, std::vector<float>(kPanelWidth, 7.0f));
}

}  // namespace
}  // namespace ganserve
