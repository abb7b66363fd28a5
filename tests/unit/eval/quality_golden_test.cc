// Our measures beside those of an independent implementation: tests/golden/make_quality.py.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "server/eval/class_scores.h"
#include "server/eval/frechet_distance.h"
#include "server/eval/kernel_distance.h"
#include "server/eval/precision_recall.h"
#include "server/eval/sliced_wasserstein.h"

namespace ganserve {
namespace {

using Json = nlohmann::json;

const Json& Golden() {
  static const Json golden = Json::parse(std::ifstream(GANSERVE_QUALITY_GOLDEN));
  return golden;
}

Features Matrix(const char* name) {
  Features features;
  for (const Json& row : Golden()[name]) {
    features.dims = row.size();
    for (const Json& value : row) features.values.push_back(value.get<float>());
  }
  return features;
}

// Within 1e-3 of the golden value.
void ExpectGolden(double value, const char* name) {
  const double expected = Golden()["expected"][name].get<double>();
  EXPECT_NEAR(value, expected, 1e-3 * std::abs(expected)) << name;
}

TEST(QualityGolden, FrechetDistance) {
  ExpectGolden(FrechetDistance(FitGaussian(Matrix("samples")), FitGaussian(Matrix("reference"))), "frechet");
  ExpectGolden(EstimateFrechet(Matrix("samples"), FitGaussian(Matrix("reference"))).distance, "frechet");
}

TEST(QualityGolden, KernelDistance) { ExpectGolden(UnbiasedMmd(Matrix("samples"), Matrix("reference")), "mmd"); }

TEST(QualityGolden, PrecisionAndRecall) {
  const Features reference = Matrix("reference");
  const Features samples = Matrix("samples");
  const size_t k = Golden()["neighbours"];
  const PrecisionRecall measured =
      PrecisionAndRecall(reference, NeighbourRadii(reference, k), samples, NeighbourRadii(samples, k));
  ExpectGolden(measured.precision, "precision");
  ExpectGolden(measured.recall, "recall");
}

TEST(QualityGolden, InceptionScore) {
  const InceptionScore score = ScoreClasses(Matrix("logits"), Golden()["splits"]);
  ExpectGolden(score.mean, "score");
  ExpectGolden(score.deviation, "score_deviation");
}

TEST(QualityGolden, SlicedWasserstein) {
  ExpectGolden(SlicedWasserstein(Matrix("samples"), Matrix("reference")), "sliced_wasserstein");
}

TEST(QualityGolden, ClassDivergence) {
  const Features logits = Matrix("logits");
  const size_t half = logits.count() / 2;
  const auto last = logits.rows(half, half);
  const Features reference{logits.dims, {last.begin(), last.end()}};
  ExpectGolden(SharesDivergence(ClassShares(logits), ClassShares(reference), half), "class_divergence");
}

}  // namespace
}  // namespace ganserve
