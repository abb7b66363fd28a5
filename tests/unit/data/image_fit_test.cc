#include "server/data/image_fit.h"

#include <gmock/gmock.h>

#include <numeric>

namespace ganserve {
namespace {

using testing::Each;
using testing::ElementsAre;

std::vector<uint8_t> Fit(const std::vector<uint8_t>& image, const PlanarShape& shape, const PlanarShape& wanted) {
  std::vector<uint8_t> out;
  AppendFitted(image, shape, wanted, &out);
  return out;
}

TEST(ImageFitTest, KeepsAnImageOfTheWantedShape) {
  std::vector<uint8_t> image(4 * 4 * 3);
  std::iota(image.begin(), image.end(), uint8_t{0});
  EXPECT_EQ(Fit(image, {4, 4, 3}, {4, 4, 3}), image);
}

TEST(ImageFitTest, CentresASlightlySmallerImageOnBlack) {
  EXPECT_THAT(Fit({1, 2, 3, 4, 5, 6, 7, 8, 9}, {3, 3, 1}, {4, 4, 1}),
              ElementsAre(1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0, 0, 0, 0, 0));
  const std::vector<uint8_t> mnist(28 * 28, 255);
  const std::vector<uint8_t> fitted = Fit(mnist, {28, 28, 1}, {32, 32, 1});
  EXPECT_EQ(fitted[1 * 32 + 16], 0);
  EXPECT_EQ(fitted[2 * 32 + 1], 0);
  EXPECT_EQ(fitted[2 * 32 + 2], 255);
  EXPECT_EQ(fitted[29 * 32 + 29], 255);
  EXPECT_EQ(fitted[29 * 32 + 30], 0);
}

TEST(ImageFitTest, RepeatsGreyForEachColour) {
  EXPECT_THAT(Fit({1, 2, 3, 4}, {2, 2, 1}, {2, 2, 3}), ElementsAre(1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4));
}

TEST(ImageFitTest, MakesGreyOfColourByLuma) {
  // One pixel each of pure red, green, blue and white.
  const std::vector<uint8_t> image = {255, 0, 0, 255, /**/ 0, 255, 0, 255, /**/ 0, 0, 255, 255};
  EXPECT_THAT(Fit(image, {2, 2, 3}, {2, 2, 1}), ElementsAre(76, 150, 29, 255));
}

TEST(ImageFitTest, AveragesWhenItShrinks) {
  // A one-pixel checkerboard halved is nearly even grey; taking every second pixel would leave one of its two values.
  std::vector<uint8_t> board;
  for (int i = 0; i < 16 * 16; ++i) board.push_back((i / 16 + i) % 2 == 0 ? 0 : 200);
  EXPECT_THAT(Fit(board, {16, 16, 1}, {8, 8, 1}), Each(testing::AllOf(testing::Ge(85), testing::Le(115))));
}

TEST(ImageFitTest, ShrinksByATriangleFilterAsWideAsAnOutputPixel) {
  // 24 x 24 to 8 x 8, each output sample as the double sum over all samples: w(x) w(y) / sum, w(d) = max(0, 1 - |d| /
  // 3).
  std::vector<uint8_t> image;
  for (int i = 0; i < 24 * 24; ++i) image.push_back(static_cast<uint8_t>(i * i * 37 % 251));
  const std::vector<uint8_t> fitted = Fit(image, {24, 24, 1}, {8, 8, 1});
  const auto weight = [](int source, int output) {
    return std::max(0.0, 1 - std::abs(source + 0.5 - (output + 0.5) * 3) / 3);
  };
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 8; ++x) {
      double sum = 0;
      double weights = 0;
      for (int i = 0; i < 24 * 24; ++i) {
        const double w = weight(i % 24, x) * weight(i / 24, y);
        sum += w * image[static_cast<size_t>(i)];
        weights += w;
      }
      EXPECT_NEAR(fitted[static_cast<size_t>(y * 8 + x)], sum / weights, 0.51) << x << ", " << y;
    }
  }
}

TEST(ImageFitTest, KeepsAConstantWhateverTheScale) {
  for (const int size : {3, 5, 9, 17, 40}) {
    const std::vector<uint8_t> image(static_cast<size_t>(size * (size + 4)), 77);
    EXPECT_THAT(Fit(image, {size, size + 4, 1}, {8, 8, 1}), testing::AllOf(testing::SizeIs(64), Each(77))) << size;
  }
}

TEST(ImageFitTest, CutsTheCentreOutOfAWideImage) {
  // Two black margins, white in the middle.
  std::vector<uint8_t> image;
  for (int i = 0; i < 16 * 48; ++i) image.push_back(i % 48 >= 16 && i % 48 < 32 ? 255 : 0);
  const std::vector<uint8_t> fitted = Fit(image, {48, 16, 1}, {8, 8, 1});
  for (size_t y = 0; y < 8; ++y) {
    EXPECT_EQ(fitted[y * 8 + 2], 255);
    EXPECT_EQ(fitted[y * 8 + 5], 255);
  }
}

}  // namespace
}  // namespace ganserve
