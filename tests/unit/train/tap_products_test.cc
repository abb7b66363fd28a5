#include "server/train/tap_products.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <vector>

#include "server/train/column_matrix.h"
#include "server/train/matrix_product.h"

namespace ganserve {
namespace {

using Values = std::vector<double>;

constexpr MapSizes kSizes{.images = 2, .fine_channels = 3, .coarse_channels = 4, .coarse_height = 3, .coarse_width = 2};
constexpr int64_t kCoarsePositions = kSizes.coarse_height * kSizes.coarse_width;

// Small whole numbers, so that sums are exact in any order.
Values Numbers(int64_t count, int seed) {
  Values values;
  for (int64_t i = 0; i < count; ++i) values.push_back(static_cast<double>((i * 7 + seed * 5) % 11 - 5));
  return values;
}

Values Fine() { return Numbers(4 * kCoarsePositions * kSizes.images * kSizes.fine_channels, 1); }
Values Coarse() { return Numbers(kCoarsePositions * kSizes.images * kSizes.coarse_channels, 2); }
Values Weights() { return Numbers(16 * kSizes.fine_channels * kSizes.coarse_channels, 3); }

// Visits every product by the definition: visit(index into fine, into weights, into coarse).
template <typename Visit>
void ForProducts(Visit visit) {
  const auto [images, fine_channels, coarse_channels, height, width] = kSizes;
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (int64_t ky = 0; ky < 4; ++ky)
        for (int64_t kx = 0; kx < 4; ++kx) {
          const int64_t fine_y = 2 * y + ky - 1;
          const int64_t fine_x = 2 * x + kx - 1;
          if (fine_y < 0 || fine_y >= 2 * height || fine_x < 0 || fine_x >= 2 * width) continue;
          for (int64_t n = 0; n < images; ++n)
            for (int64_t f = 0; f < fine_channels; ++f)
              for (int64_t c = 0; c < coarse_channels; ++c) {
                visit(static_cast<size_t>(((fine_y * 2 * width + fine_x) * images + n) * fine_channels + f),
                      static_cast<size_t>(((ky * 4 + kx) * fine_channels + f) * coarse_channels + c),
                      static_cast<size_t>(((y * width + x) * images + n) * coarse_channels + c));
              }
        }
}

// Garbage that must be overwritten.
Values Unset(size_t size) { return Values(size, std::nan("")); }

// Every cut of [0, count) into two ranges.
class TapProductsTest : public testing::TestWithParam<int> {
 protected:
  template <typename Compute>
  static void InTwoRanges(int64_t count, Compute compute) {
    const int64_t cut = count * GetParam() / 4;
    compute(0, cut);
    compute(cut, count);
  }
};

TEST_P(TapProductsTest, Convolve) {
  const Values fine = Fine();
  const Values weights = Weights();
  Values expected(Coarse().size());
  ForProducts([&](size_t f, size_t w, size_t c) { expected[c] += fine[f] * weights[w]; });
  Values actual = Unset(expected.size());
  InTwoRanges(kCoarsePositions, [&](int64_t first, int64_t last) {
    Convolve(kSizes, fine.data(), weights.data(), first, last, actual.data());
  });
  EXPECT_EQ(actual, expected);
}

TEST_P(TapProductsTest, ConvolveTransposed) {
  const Values coarse = Coarse();
  const Values weights = Weights();
  Values expected(Fine().size());
  ForProducts([&](size_t f, size_t w, size_t c) { expected[f] += coarse[c] * weights[w]; });
  Values actual = Unset(expected.size());
  InTwoRanges(4 * kCoarsePositions, [&](int64_t first, int64_t last) {
    ConvolveTransposed(kSizes, coarse.data(), weights.data(), first, last, actual.data());
  });
  EXPECT_EQ(actual, expected);
}

TEST_P(TapProductsTest, CorrelateTaps) {
  const Values fine = Fine();
  const Values coarse = Coarse();
  Values expected(Weights().size());
  ForProducts([&](size_t f, size_t w, size_t c) { expected[w] += fine[f] * coarse[c]; });
  Values actual = Unset(expected.size());
  InTwoRanges(16, [&](int64_t first, int64_t last) {
    CorrelateTaps(kSizes, fine.data(), coarse.data(), first, last, actual.data());
  });
  EXPECT_EQ(actual, expected);
}

INSTANTIATE_TEST_SUITE_P(Cuts, TapProductsTest, testing::Values(0, 1, 2, 3));

// [4][4][channels][positions][N] from [height][width][channels][N], by the definition.
TEST(ColumnMatrixTest, ColumnsArePatches) {
  const Values fine = Fine();
  Values columns = Unset(static_cast<size_t>(16 * kSizes.fine_channels * kCoarsePositions * kSizes.images));
  GatherColumns(kSizes, fine.data(), columns.data());
  const auto [images, channels, coarse_channels, height, width] = kSizes;
  size_t i = 0;
  for (int64_t ky = 0; ky < 4; ++ky)
    for (int64_t kx = 0; kx < 4; ++kx)
      for (int64_t channel = 0; channel < channels; ++channel)
        for (int64_t position = 0; position < kCoarsePositions; ++position)
          for (int64_t image = 0; image < images; ++image, ++i) {
            const int64_t y = 2 * (position / width) + ky - 1;
            const int64_t x = 2 * (position % width) + kx - 1;
            const bool inside = y >= 0 && y < 2 * height && x >= 0 && x < 2 * width;
            const int64_t place = ((y * 2 * width + x) * channels + channel) * images + image;
            ASSERT_EQ(columns[i], inside ? fine[static_cast<size_t>(place)] : 0) << i;
          }
}

// <gather(a), b> = <a, scatter(b)> for any a and b.
TEST(ColumnMatrixTest, ScatterIsTheTransposeOfGather) {
  const Values fine = Fine();
  Values gathered = Unset(static_cast<size_t>(16 * kSizes.fine_channels * kCoarsePositions * kSizes.images));
  GatherColumns(kSizes, fine.data(), gathered.data());
  const Values columns = Numbers(static_cast<int64_t>(gathered.size()), 4);
  Values scattered = Unset(fine.size());
  ScatterColumns(kSizes, columns.data(), scattered.data());
  double left = 0;
  for (size_t i = 0; i < columns.size(); ++i) left += gathered[i] * columns[i];
  double right = 0;
  for (size_t i = 0; i < fine.size(); ++i) right += fine[i] * scattered[i];
  EXPECT_EQ(left, right);
}

// [2, 3] times [3, 2] inside wider arrays, with either factor stored transposed.
TEST(MatrixProductTest, MultipliesRowMajorMatricesInsideLargerArrays) {
  const Values left = {1, 2, 3, 99, 4, 5, 6, 99};
  const Values left_transposed = {1, 4, 2, 5, 3, 6};
  const Values right = {1, 0, 99, 2, 1, 99, 0, 3, 99};
  const Values right_transposed = {1, 2, 0, 0, 1, 3};
  const Values expected = {5, 11, -7, 14, 23, -7};
  const auto product = [](Transposed transposed, Matrix<const double> a, Matrix<const double> b) {
    Values result = {std::nan(""), std::nan(""), -7, std::nan(""), std::nan(""), -7};
    Multiply({.rows = 2, .depth = 3, .columns = 2}, transposed, a, b, Into::kReplace, Matrix<double>{result.data(), 3});
    return result;
  };
  EXPECT_EQ(product(Transposed::kNone, {left.data(), 4}, {right.data(), 3}), expected);
  EXPECT_EQ(product(Transposed::kLeft, {left_transposed.data(), 2}, {right.data(), 3}), expected);
  EXPECT_EQ(product(Transposed::kRight, {left.data(), 4}, {right_transposed.data(), 3}), expected);
}

TEST(MatrixProductTest, AddsToWhatIsThere) {
  const std::vector<float> left = {2};
  const std::vector<float> right = {3, 4};
  std::vector<float> result = {10, 20};
  Multiply<float>({.rows = 1, .depth = 1, .columns = 2}, Transposed::kNone, {left.data(), 1}, {right.data(), 2},
                  Into::kAdd, {result.data(), 2});
  EXPECT_EQ(result, (std::vector<float>{16, 28}));
}

}  // namespace
}  // namespace ganserve
