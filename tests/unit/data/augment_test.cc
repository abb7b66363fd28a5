#include "server/data/augment.h"

#include <gmock/gmock.h>

#include <cmath>
#include <numbers>
#include <numeric>

namespace ganserve {
namespace {

using testing::Each;
using testing::ElementsAre;

constexpr PlanarShape kShape{5, 5, 3};

std::vector<uint8_t> Pattern(const PlanarShape& shape) {
  std::vector<uint8_t> image(shape.samples());
  for (size_t i = 0; i < image.size(); ++i) image[i] = static_cast<uint8_t>(i * 73 % 256);
  return image;
}

std::vector<uint8_t> Augmented(const std::vector<uint8_t>& image, const PlanarShape& shape,
                               const Augmentation& augmentation) {
  std::vector<uint8_t> out(image.size());
  Augment(image, shape, augmentation, out);
  return out;
}

// out(channel, y, x) of what `source` says.
template <typename Source>
std::vector<uint8_t> Image(const PlanarShape& shape, Source source) {
  std::vector<uint8_t> image;
  for (int c = 0; c < shape.channels; ++c) {
    for (int y = 0; y < shape.height; ++y) {
      for (int x = 0; x < shape.width; ++x) image.push_back(source(c, y, x));
    }
  }
  return image;
}

uint8_t At(const std::vector<uint8_t>& image, const PlanarShape& shape, int c, int y, int x) {
  return image[static_cast<size_t>((c * shape.height + y) * shape.width + x)];
}

TEST(AugmentTest, ChangesNothingWhenOff) {
  const auto image = Pattern(kShape);
  for (uint64_t seed = 0; seed < 100; ++seed) EXPECT_EQ(Augmented(image, kShape, DrawAugmentation({}, seed)), image);
}

TEST(AugmentTest, FlipsExactly) {
  const PlanarShape shape{5, 4, 3};
  const auto image = Pattern(shape);
  Augmentation flip;
  flip.flipped = true;
  const auto flipped = Augmented(image, shape, flip);
  EXPECT_EQ(flipped, Image(shape, [&](int c, int y, int x) { return At(image, shape, c, y, 4 - x); }));
  EXPECT_EQ(Augmented(flipped, shape, flip), image);
}

TEST(AugmentTest, TurnsByAQuarterAsTranspositionDoes) {
  const auto image = Pattern(kShape);
  Augmentation quarter;
  quarter.radians = std::numbers::pi / 2;
  EXPECT_EQ(Augmented(image, kShape, quarter),
            Image(kShape, [&](int c, int y, int x) { return At(image, kShape, c, x, 4 - y); }));
  quarter.radians = -std::numbers::pi / 2;
  EXPECT_EQ(Augmented(image, kShape, quarter),
            Image(kShape, [&](int c, int y, int x) { return At(image, kShape, c, 4 - x, y); }));
}

TEST(AugmentTest, FlipsBeforeItTurns) {
  const auto image = Pattern(kShape);
  Augmentation both;
  both.flipped = true;
  both.radians = std::numbers::pi;
  EXPECT_EQ(Augmented(image, kShape, both),
            Image(kShape, [&](int c, int y, int x) { return At(image, kShape, c, 4 - y, x); }));
}

TEST(AugmentTest, InterpolatesBilinearly) {
  // A linear image is its own bilinear interpolation, so the value is that of the place shown. Away from the edges,
  // where it is reflected.
  const PlanarShape shape{32, 32, 1};
  const auto value = [](double x, double y) { return 10 + 3 * x + 4 * y; };  // at sample centres
  const auto image = Image(shape, [&](int, int y, int x) { return static_cast<uint8_t>(value(x, y)); });
  const Augmentation some{true, 0.3, 0.75, 0.05, -0.1};
  const auto out = Augmented(image, shape, some);
  for (int y = 6; y < 26; ++y) {
    for (int x = 6; x < 26; ++x) {
      const double right = -(x - 15.5) * 0.75;
      const double down = (y - 15.5) * 0.75;
      const double expected = value(15.5 + 0.05 * 32 + std::cos(0.3) * right - std::sin(0.3) * down,
                                    15.5 - 0.1 * 32 + std::sin(0.3) * right + std::cos(0.3) * down);
      EXPECT_NEAR(At(out, shape, 0, y, x), expected, 0.51) << x << ", " << y;
    }
  }
}

TEST(AugmentTest, ReflectsAtTheOutermostSamples) {
  // Shifted by two samples: 1 2 3 4 becomes 3 4 3 2.
  Augmentation shifted;
  shifted.shift_x = 0.5;
  shifted.scale = std::nextafter(1.0, 0.0);  // or nothing is interpolated
  EXPECT_THAT(Augmented({1, 2, 3, 4}, {4, 1, 1}, shifted), ElementsAre(3, 4, 3, 2));
}

TEST(AugmentTest, StaysWithinTheImageWhateverTheTurn) {
  // Far beyond the edges, of sizes down to one sample: a constant image stays so, and ASan sees what is read.
  for (const int size : {1, 2, 3, 8}) {
    const PlanarShape shape{size, size, 1};
    for (int degrees = -180; degrees <= 180; degrees += 15) {
      const Augmentation turned{false, degrees * std::numbers::pi / 180, 1, 0.5, 0.5};
      EXPECT_THAT(Augmented(std::vector<uint8_t>(shape.samples(), 77), shape, turned), Each(77));
    }
  }
}

TEST(AugmentTest, ShowsAPartEnlarged) {
  // The right upper quarter of 8 x 8: constant, and so is all of what is shown.
  const PlanarShape shape{8, 8, 1};
  const auto image = Image(shape, [](int, int y, int x) { return static_cast<uint8_t>(x >= 3 && y < 5 ? 200 : 0); });
  EXPECT_THAT(Augmented(image, shape, {false, 0, 0.5, 0.25, -0.25}), Each(200));
}

TEST(DrawAugmentationTest, IsAFunctionOfTheSeed) {
  const AugmentationOptions options{0.5, 20, 0.2};
  const Augmentation first = DrawAugmentation(options, 7);
  DrawAugmentation(options, 8);
  const Augmentation again = DrawAugmentation(options, 7);
  EXPECT_EQ(first.flipped, again.flipped);
  EXPECT_EQ(first.radians, again.radians);
  EXPECT_EQ(first.scale, again.scale);
  EXPECT_EQ(first.shift_x, again.shift_x);
  EXPECT_NE(first.radians, DrawAugmentation(options, 8).radians);
}

TEST(DrawAugmentationTest, IsUniformWithinTheBounds) {
  const AugmentationOptions options{0.25, 20, 0.2};
  constexpr int kDraws = 20000;
  const double bound = 20 * std::numbers::pi / 180;
  double flips = 0;
  double angles = 0;
  double squares = 0;
  double scales = 0;
  for (uint64_t seed = 0; seed < kDraws; ++seed) {
    const Augmentation drawn = DrawAugmentation(options, seed);
    flips += drawn.flipped ? 1 : 0;
    angles += drawn.radians;
    squares += drawn.radians * drawn.radians;
    scales += drawn.scale;
    ASSERT_LE(std::abs(drawn.radians), bound);
    ASSERT_GE(drawn.scale, 0.8);
    ASSERT_LE(drawn.scale, 1);
    // The part lies within the image.
    ASSERT_LE(std::abs(drawn.shift_x) + drawn.scale / 2, 0.5 + 1e-12);
    ASSERT_LE(std::abs(drawn.shift_y) + drawn.scale / 2, 0.5 + 1e-12);
  }
  // Five standard errors each: of a share, of a mean, of a variance, which is bound^2 / 3.
  EXPECT_NEAR(flips / kDraws, 0.25, 5 * std::sqrt(0.25 * 0.75 / kDraws));
  EXPECT_NEAR(angles / kDraws, 0, 5 * bound / std::sqrt(3.0 * kDraws));
  EXPECT_NEAR(squares / kDraws, bound * bound / 3, 5 * bound * bound * std::sqrt(4 / 45.0 / kDraws));
  EXPECT_NEAR(scales / kDraws, 0.9, 5 * 0.2 / std::sqrt(12.0 * kDraws));
}

TEST(DrawAugmentationTest, FlipsAlwaysOrNeverAtTheEndsOfItsRange) {
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    EXPECT_TRUE(DrawAugmentation({1, 0, 0}, seed).flipped);
    EXPECT_FALSE(DrawAugmentation({0, 0, 0}, seed).flipped);
  }
}

}  // namespace
}  // namespace ganserve
