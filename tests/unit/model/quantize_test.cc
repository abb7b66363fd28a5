#include "server/model/quantize.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <vector>

namespace ganserve {
namespace {

using testing::ElementsAre;

std::vector<uint8_t> Pixels(const std::vector<float>& values, ValueRange range) {
  std::vector<uint8_t> pixels(values.size());
  EXPECT_TRUE(Quantize(values, range, pixels));
  return pixels;
}

TEST(QuantizeTest, MapsEveryLevelOfEveryRangeToItself) {
  for (const ValueRange range : {ValueRange{-1, 1}, ValueRange{0, 1}, ValueRange{0, 255}, ValueRange{-3, 0.5f}}) {
    std::vector<float> values;
    for (int level = 0; level < 256; ++level) {
      values.push_back(range.low + (range.high - range.low) * static_cast<float>(level) / 255.0f);
    }
    const std::vector<uint8_t> pixels = Pixels(values, range);
    for (int level = 0; level < 256; ++level) EXPECT_EQ(pixels[static_cast<size_t>(level)], level) << range.low;
  }
}

TEST(QuantizeTest, RoundsToTheNearestLevelHalvesUp) {
  EXPECT_THAT(Pixels({0.25f, 0.5f, 0.75f, 1.5f, 2.5f, 2.4375f, 254.4375f, 254.5f}, {0, 255}),
              ElementsAre(0, 1, 1, 2, 3, 2, 254, 255));
}

TEST(QuantizeTest, ClampsWhatIsOutsideTheRange) {
  constexpr float kHuge = std::numeric_limits<float>::max();
  EXPECT_THAT(Pixels({-1.001f, -kHuge, 1.001f, kHuge, -1.0f, 1.0f}, {-1, 1}), ElementsAre(0, 0, 255, 255, 0, 255));
}

TEST(QuantizeTest, AgreesWithTheFormulaInDoublePrecisionWithinRounding) {
  std::vector<float> values;
  for (int i = -1200; i <= 1200; ++i) values.push_back(static_cast<float>(i) / 1117.0f);
  const std::vector<uint8_t> pixels = Pixels(values, {-1, 1});
  for (size_t i = 0; i < values.size(); ++i) {
    const double level = std::min(std::max((static_cast<double>(values[i]) + 1) * 127.5, 0.0), 255.0);
    EXPECT_NEAR(pixels[i], level, 0.5 + 1e-4) << values[i];
  }
}

// Around the widths of vectors, so that main loops and remainders both meet the bad value.
class QuantizeSizeTest : public testing::TestWithParam<size_t> {};

TEST_P(QuantizeSizeTest, RefusesAValueThatIsNotFiniteWhereverItStands) {
  std::vector<float> values(GetParam(), 0.5f);
  std::vector<uint8_t> pixels(values.size());
  EXPECT_TRUE(Quantize(values, {-1, 1}, pixels));
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float bad : {std::nanf(""), kInfinity, -kInfinity}) {
    for (float& value : values) {
      value = bad;
      EXPECT_FALSE(Quantize(values, {-1, 1}, pixels)) << "at " << &value - values.data() << ": " << bad;
      value = 0.5f;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, QuantizeSizeTest, testing::Values(1, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 1024));

TEST(QuantizeTest, TakesNoValuesAtAll) { EXPECT_TRUE(Quantize({}, {-1, 1}, {})); }

}  // namespace
}  // namespace ganserve
