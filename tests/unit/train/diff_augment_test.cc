#include "server/train/diff_augment.h"

#include <gtest/gtest.h>

#include "server/train/random_tensors.h"

namespace ganserve {
namespace {

constexpr int64_t kCount = 64;
constexpr int64_t kSize = 16;

torch::Tensor Images() {
  return NormalLatents(1, kCount, 3 * kSize * kSize).to(torch::kFloat64).tanh().view({kCount, 3, kSize, kSize});
}

constexpr DiffAugmentSettings kColor{true, false, false};
constexpr DiffAugmentSettings kTranslation{false, true, false};
constexpr DiffAugmentSettings kCutout{false, false, true};
constexpr DiffAugmentSettings kAll{true, true, true};

TEST(DiffAugmentTest, WithoutAnyTheImagesAreLeftAlone) { EXPECT_TRUE(DiffAugment(Images(), {}, 1).equal(Images())); }

TEST(DiffAugmentTest, DependsOnTheSeedAlone) {
  EXPECT_TRUE(DiffAugment(Images(), kAll, 1).equal(DiffAugment(Images(), kAll, 1)));
  EXPECT_FALSE(DiffAugment(Images(), kAll, 1).equal(DiffAugment(Images(), kAll, 2)));
}

TEST(DiffAugmentTest, GradientsFlowBackAsFiniteDifferencesSay) {
  constexpr double kStep = 1e-6;
  const torch::Tensor images = Images().slice(0, 0, 2).set_requires_grad(true);
  const torch::Tensor direction = NormalLatents(2, 2, 3 * kSize * kSize).to(torch::kFloat64).view(images.sizes());
  DiffAugment(images, kAll, 3).square().sum().backward();
  const torch::NoGradGuard no_grad;
  const auto at = [&](double step) {
    return DiffAugment(images + step * direction, kAll, 3).square().sum().item<double>();
  };
  EXPECT_NEAR((images.grad() * direction).sum().item<double>(), (at(kStep) - at(-kStep)) / (2 * kStep), 1e-4);
}

TEST(DiffAugmentTest, TranslationMovesEachImageByAWholeNumberOfPixelsAndFillsWithZeros) {
  const torch::Tensor images = Images();
  const torch::Tensor moved = DiffAugment(images, kTranslation, 1);
  constexpr int64_t kMost = kSize / 8;
  const torch::Tensor bordered = torch::constant_pad_nd(images, {kMost, kMost, kMost, kMost});
  int64_t still = 0;
  for (int64_t i = 0; i < kCount; ++i) {
    bool found = false;
    for (int64_t y = 0; y <= 2 * kMost && !found; ++y) {
      for (int64_t x = 0; x <= 2 * kMost && !found; ++x) {
        found = bordered[i].slice(1, y, y + kSize).slice(2, x, x + kSize).equal(moved[i]);
        if (found && y == kMost && x == kMost) ++still;
      }
    }
    EXPECT_TRUE(found) << i;
  }
  EXPECT_LT(still, kCount / 4) << "one in 25 stays where it is";
}

TEST(DiffAugmentTest, CutoutClearsASquareOfHalfTheSideAsFarAsItIsInside) {
  const torch::Tensor cut = DiffAugment(torch::ones({kCount, 1, kSize, kSize}), kCutout, 1).squeeze(1);
  for (int64_t i = 0; i < kCount; ++i) {
    const torch::Tensor holes = cut[i].eq(0);
    const int64_t height = holes.any(1).sum().item<int64_t>();
    const int64_t width = holes.any(0).sum().item<int64_t>();
    EXPECT_EQ(holes.sum().item<int64_t>(), height * width) << "a rectangle";
    EXPECT_GE(height, kSize / 4);
    EXPECT_LE(height, kSize / 2);
    EXPECT_GE(width, kSize / 4);
    EXPECT_LE(width, kSize / 2);
  }
  EXPECT_GT(cut.eq(0).any(0).sum().item<int64_t>(), kSize * kSize * 9 / 10) << "everywhere in turn";
}

// Brightness shifts all, saturation scales about the mean of the channels, contrast about the mean of the image: an
// image of one colour per channel stays one, and its mean moves by the brightness alone.
TEST(DiffAugmentTest, ColorShiftsTheMeanByAtMostHalf) {
  const torch::Tensor images = Images();
  const torch::Tensor shift = DiffAugment(images, kColor, 1).mean({1, 2, 3}) - images.mean({1, 2, 3});
  EXPECT_LE(shift.abs().max().item<double>(), 0.5);
  EXPECT_GT(shift.std().item<double>(), 0.2) << "uniform on an interval of length 1";
}

TEST(DiffAugmentTest, ColorScalesTheDistancesOfTheChannelsByUpToTwoTimesThreeHalves) {
  const torch::Tensor images = Images();
  const auto spread = [](const torch::Tensor& x) { return (x - x.mean(1, true)).norm(2, {1, 2, 3}); };
  const torch::Tensor factor = spread(DiffAugment(images, kColor, 1)) / spread(images);
  EXPECT_GE(factor.min().item<double>(), 0);
  EXPECT_LE(factor.max().item<double>(), 3);
  EXPECT_NEAR(factor.mean().item<double>(), 1, 0.25);
}

}  // namespace
}  // namespace ganserve
