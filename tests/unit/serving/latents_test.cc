#include "server/serving/latents.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace ganserve {
namespace {

using Words = std::array<uint32_t, 4>;

// The file kat_vectors of Random123, lines "philox4x32 10".
TEST(PhiloxTest, GivesRandom123sKnownAnswers) {
  EXPECT_EQ(Philox4x32({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(Philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

double NormalCdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

// The quantile by bisection of libm's distribution function, for p <= 1/2, where the latter is exact in relative terms.
double BisectedQuantile(double p) {
  double low = -9.0;
  double high = 0.0;
  for (int i = 0; i < 80; ++i) {
    const double middle = (low + high) / 2;
    (NormalCdf(middle) < p ? low : high) = middle;
  }
  return low;
}

TEST(NormalQuantileTest, InvertsTheDistributionFunction) {
  for (int i = 1; i <= 5000; ++i) {
    const double p = i / 10000.0;
    ASSERT_NEAR(NormalQuantile(p), BisectedQuantile(p), 1e-6) << "p = " << p;
  }
}

TEST(NormalQuantileTest, InvertsTheDistributionFunctionInTheTails) {
  // The least probability that a latent can have is 2^-33.
  for (double p = 0x1p-33; p < 0.1; p *= 1.07) ASSERT_NEAR(NormalQuantile(p), BisectedQuantile(p), 1e-6) << "p = " << p;
}

TEST(NormalQuantileTest, IsContinuousWhereItsFormulasMeet) {
  for (double p : {0.075, 0.925, std::exp(-25.0)}) {
    EXPECT_NEAR(NormalQuantile(std::nextafter(p, 0.0)), NormalQuantile(std::nextafter(p, 1.0)), 1e-6) << "p = " << p;
  }
}

TEST(NormalQuantileTest, IsOddAroundOneHalf) {
  EXPECT_EQ(NormalQuantile(0.5), 0.0);
  // Multiples of 2^-33, as latents use them: 1 - p has no rounding error.
  for (uint64_t word : {0u, 1u, 1000u, 123456789u, 322122547u, 2000000000u}) {
    const double p = (static_cast<double>(word) + 0.5) * 0x1p-32;
    EXPECT_EQ(NormalQuantile(1.0 - p), -NormalQuantile(p));
  }
}

std::vector<float> Latent(uint64_t seed, uint64_t index, size_t size) {
  std::vector<float> latent(size);
  FillLatent(seed, index, latent);
  return latent;
}

TEST(LatentTest, IsStandardNormal) {
  constexpr size_t kSize = 128;
  constexpr int kLatents = 4000;
  double sum = 0, square = 0, cube = 0, fourth = 0;
  for (int index = 0; index < kLatents; ++index) {
    for (double z : Latent(11, static_cast<uint64_t>(index), kSize)) {
      sum += z;
      square += z * z;
      cube += z * z * z;
      fourth += z * z * z * z;
    }
  }
  // Moments 0, 1, 0, 3. Five standard errors: 5 sqrt(Var / n), with the variances 1, 2, 15 and 96 of z ... z^4.
  const double n = static_cast<double>(kSize) * kLatents;
  EXPECT_NEAR(sum / n, 0.0, 5 * std::sqrt(1 / n));
  EXPECT_NEAR(square / n, 1.0, 5 * std::sqrt(2 / n));
  EXPECT_NEAR(cube / n, 0.0, 5 * std::sqrt(15 / n));
  EXPECT_NEAR(fourth / n, 3.0, 5 * std::sqrt(96 / n));
}

double Correlation(const std::vector<float>& a, const std::vector<float>& b) {
  double product = 0;
  for (size_t i = 0; i < a.size(); ++i) product += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return product / static_cast<double>(a.size());
}

TEST(LatentTest, NeighboursAreIndependent) {
  constexpr size_t kSize = 100'000;
  const double limit = 5 / std::sqrt(static_cast<double>(kSize));
  const auto latent = Latent(1, 1, kSize);
  EXPECT_NEAR(Correlation(latent, Latent(1, 2, kSize)), 0.0, limit);
  EXPECT_NEAR(Correlation(latent, Latent(2, 1, kSize)), 0.0, limit);
  EXPECT_NEAR(Correlation(latent, Latent(1, 1 + (uint64_t{1} << 32), kSize)), 0.0, limit);
  EXPECT_NEAR(Correlation(latent, Latent(1 + (uint64_t{1} << 32), 1, kSize)), 0.0, limit);
}

TEST(LatentTest, AShorterOneIsAPrefixOfALongerOne) {
  const auto whole = Latent(3, 5, 130);
  for (size_t size : {0u, 1u, 3u, 4u, 5u, 100u, 129u}) {
    EXPECT_EQ(Latent(3, 5, size), std::vector<float>(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
  }
}

TEST(LabelTest, IsUniform) {
  constexpr int kClasses = 10;
  constexpr int kDraws = 100'000;
  std::array<int, kClasses> counts{};
  for (int index = 0; index < kDraws; ++index) {
    const int64_t label = DrawLabel(5, static_cast<uint64_t>(index), kClasses);
    ASSERT_GE(label, 0);
    ASSERT_LT(label, kClasses);
    ++counts[static_cast<size_t>(label)];
  }
  double chi_square = 0;
  constexpr double kExpected = kDraws / kClasses;
  for (int count : counts) chi_square += (count - kExpected) * (count - kExpected) / kExpected;
  // 9 degrees of freedom: 33.7 is exceeded once in 10,000 times.
  EXPECT_LT(chi_square, 33.7);
}

TEST(LabelTest, IsIndependentOfTheLatent) {
  constexpr int kDraws = 100'000;
  double product = 0;
  for (int index = 0; index < kDraws; ++index) {
    const auto i = static_cast<uint64_t>(index);
    product += (static_cast<double>(DrawLabel(5, i, 2)) - 0.5) * 2 * static_cast<double>(Latent(5, i, 1)[0]);
  }
  EXPECT_NEAR(product / kDraws, 0.0, 5 / std::sqrt(static_cast<double>(kDraws)));
}

TEST(LabelTest, OneClassLeavesNoChoice) { EXPECT_EQ(DrawLabel(UINT64_MAX, UINT64_MAX, 1), 0); }

// tests/golden/latents.txt: how it was made stands in its first lines.
constexpr size_t kGoldenSize = 16;
constexpr int kGoldenClasses = 10;
constexpr uint64_t kGoldenInputs[][2] = {{0, 0},
                                         {0, 1},
                                         {1, 0},
                                         {42, 7},
                                         {1, uint64_t{1} << 32},
                                         {uint64_t{1} << 32, 1},
                                         {UINT64_MAX, 0},
                                         {0, UINT64_MAX},
                                         {UINT64_MAX, UINT64_MAX}};

// "seed index label: bits bits ...", the floats' bits in hexadecimal.
std::string GoldenLine(uint64_t seed, uint64_t index) {
  std::ostringstream line;
  line << seed << ' ' << index << ' ' << DrawLabel(seed, index, kGoldenClasses) << ':';
  for (float value : Latent(seed, index, kGoldenSize)) line << ' ' << std::hex << std::bit_cast<uint32_t>(value);
  return line.str();
}

void WriteGolden(const std::string& path) {
  std::ofstream file(path);
  file << "# Latents and labels that must never change: every image that was ever served depends on them.\n"
          "# A line is seed, index, label of 10 classes, and the bits of the first 16 floats in hexadecimal.\n"
          "# Written by GANSERVE_UPDATE_GOLDEN=1 serving_test --gtest_filter=GoldenTest.*, and checked against an\n"
          "# independent implementation in Python (Philox4x32-10, and AS 241 as in statistics.NormalDist).\n";
  for (const auto& [seed, index] : kGoldenInputs) file << GoldenLine(seed, index) << '\n';
}

TEST(GoldenTest, LatentsNeverChange) {
  const std::string path = GANSERVE_GOLDEN_DIR "/latents.txt";
  if (std::getenv("GANSERVE_UPDATE_GOLDEN") != nullptr) WriteGolden(path);
  std::ifstream file(path);
  ASSERT_TRUE(file) << path;
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with('#')) lines.push_back(line);
  }
  ASSERT_EQ(lines.size(), std::size(kGoldenInputs));
  for (size_t i = 0; i < lines.size(); ++i) EXPECT_EQ(lines[i], GoldenLine(kGoldenInputs[i][0], kGoldenInputs[i][1]));
}

}  // namespace
}  // namespace ganserve
