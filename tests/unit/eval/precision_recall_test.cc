#include "server/eval/precision_recall.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/eval/sample_features.h"

namespace ganserve {
namespace {

PrecisionRecall Measure(const Features& reference, const Features& samples, size_t k) {
  return PrecisionAndRecall(reference, NeighbourRadii(reference, k), samples, NeighbourRadii(samples, k));
}

double SquaredDistance(std::span<const float> x, std::span<const float> y) {
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) sum += (double{x[i]} - y[i]) * (double{x[i]} - y[i]);
  return sum;
}

double RadiusByLoops(const Features& features, size_t row, size_t k) {
  std::vector<double> distances;
  for (size_t other = 0; other < features.count(); ++other) {
    if (other != row) distances.push_back(SquaredDistance(features.row(row), features.row(other)));
  }
  std::sort(distances.begin(), distances.end());
  return distances[k - 1];
}

// The share of `points` in a ball around any of `centres`.
double CoveredByLoops(const Features& points, const Features& centres, size_t k) {
  size_t covered = 0;
  for (size_t i = 0; i < points.count(); ++i) {
    bool inside = false;
    for (size_t j = 0; j < centres.count() && !inside; ++j) {
      inside = SquaredDistance(points.row(i), centres.row(j)) <= RadiusByLoops(centres, j, k);
    }
    covered += inside ? 1 : 0;
  }
  return static_cast<double>(covered) / static_cast<double>(points.count());
}

TEST(NeighbourRadii, AreTheSquaredDistancesToTheKthOtherRow) {
  // On a line: 0, 1, 3, 7.
  const Features line{1, {0, 1, 3, 7}};
  EXPECT_EQ(NeighbourRadii(line, 1), (std::vector<double>{1, 1, 4, 16}));
  EXPECT_EQ(NeighbourRadii(line, 3), (std::vector<double>{49, 36, 16, 49}));
}

TEST(PrecisionAndRecall, AreTheirDefinition) {
  const Features reference = NormalFeatures(1, 60, 3);
  const Features samples = NormalFeatures(2, 60, 3, 0.8f, 0.7f);
  const PrecisionRecall measured = Measure(reference, samples, 3);
  EXPECT_DOUBLE_EQ(measured.precision, CoveredByLoops(samples, reference, 3));
  EXPECT_DOUBLE_EQ(measured.recall, CoveredByLoops(reference, samples, 3));
}

TEST(PrecisionAndRecall, AreOneForASetAndItself) {
  const Features features = NormalFeatures(1, 100, 4);
  const PrecisionRecall measured = Measure(features, features, 3);
  EXPECT_EQ(measured.precision, 1);
  EXPECT_EQ(measured.recall, 1);
}

TEST(PrecisionAndRecall, AreZeroForSetsThatAreFarApart) {
  const PrecisionRecall measured = Measure(NormalFeatures(1, 100, 4), NormalFeatures(2, 100, 4, 50), 3);
  EXPECT_EQ(measured.precision, 0);
  EXPECT_EQ(measured.recall, 0);
}

TEST(PrecisionAndRecall, TellACollapsedGeneratorFromANoisyOne) {
  const Features reference = NormalFeatures(1, 300, 2);
  const PrecisionRecall collapsed = Measure(reference, NormalFeatures(2, 300, 2, 0, 0.05f), 3);
  EXPECT_GT(collapsed.precision, 0.95);
  EXPECT_LT(collapsed.recall, 0.1);
  const PrecisionRecall noisy = Measure(reference, NormalFeatures(2, 300, 2, 0, 10), 3);
  EXPECT_LT(noisy.precision, 0.2);
  EXPECT_GT(noisy.recall, 0.8);
}

// More rows than fit into one block of distances.
TEST(PrecisionAndRecall, AreTheSameWhateverTheBlocks) {
  const Features reference = NormalFeatures(1, 3000, 2);
  const PrecisionRecall measured = Measure(reference, NormalFeatures(2, 3000, 2), 3);
  EXPECT_GT(measured.precision, 0.9);
  EXPECT_GT(measured.recall, 0.9);
  EXPECT_EQ(NeighbourRadii(reference, 3)[2999], RadiusByLoops(reference, 2999, 3));
}

}  // namespace
}  // namespace ganserve
