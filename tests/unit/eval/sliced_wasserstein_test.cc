#include "server/eval/sliced_wasserstein.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/unit/eval/sample_features.h"

namespace ganserve {
namespace {

Features Project(const std::vector<uint8_t>& images, size_t samples, uint64_t seed = 1) {
  Features projections;
  ImageProjector(samples, 64, seed).Append(images, &projections);
  return projections;
}

TEST(ImageProjector, ProjectsOntoDirectionsOfLengthOne) {
  // Each basis vector's projections are the directions' components.
  std::vector<uint8_t> basis(9);
  basis[0] = basis[4] = basis[8] = 255;
  const Features components = Project(basis, 3);
  ASSERT_EQ(components.count(), 3);
  for (size_t direction = 0; direction < components.dims; ++direction) {
    double squares = 0;
    for (size_t axis = 0; axis < 3; ++axis) squares += std::pow(components.row(axis)[direction], 2);
    EXPECT_NEAR(squares, 1, 1e-5);
  }
}

TEST(ImageProjector, GivesTheSameInParts) {
  const ImageProjector projector(2, 8, 1);
  const std::vector<uint8_t> images{0, 255, 10, 20, 30, 40};
  Features whole;
  projector.Append(images, &whole);
  Features parts;
  projector.Append(std::span(images).first(2), &parts);
  projector.Append(std::span(images).subspan(2), &parts);
  ASSERT_EQ(parts.values.size(), whole.values.size());
  for (size_t i = 0; i < whole.values.size(); ++i) EXPECT_NEAR(parts.values[i], whole.values[i], 1e-6);
}

TEST(SlicedWasserstein, IsItsDefinitionInOneDimension) {
  // Sorted: (0, 3, 5) and (1, 4, 8): root of (1 + 1 + 9) / 3.
  EXPECT_NEAR(SlicedWasserstein({1, {5, 0, 3}}, {1, {8, 1, 4}}), std::sqrt(11.0 / 3), 1e-6);
}

TEST(SlicedWasserstein, OfAShiftedCloudIsTheShiftOverTheRootOfItsDimensions) {
  // Projections of a shift s onto random directions have mean square |s|^2 / d.
  std::vector<uint8_t> dark;
  std::vector<uint8_t> bright;
  for (int i = 0; i < 200; ++i) {
    for (int pixel = 0; pixel < 16; ++pixel) {
      dark.push_back(static_cast<uint8_t>((i * 7 + pixel * 13) % 100));
      bright.push_back(static_cast<uint8_t>(dark.back() + 51));
    }
  }
  // 51 / 255 = 0.2, with the chance of 64 directions.
  EXPECT_NEAR(SlicedWasserstein(Project(dark, 16), Project(bright, 16)), 0.2, 0.03);
}

TEST(SlicedWasserstein, IsZeroBetweenASetAndItself) {
  const Features features = NormalFeatures(1, 50, 4);
  EXPECT_EQ(SlicedWasserstein(features, features), 0);
}

TEST(SlicedWasserstein, ThinsTheLargerSet) {
  EXPECT_LT(SlicedWasserstein(NormalFeatures(1, 4000, 4), NormalFeatures(2, 1000, 4)), 0.1);
}

}  // namespace
}  // namespace ganserve
