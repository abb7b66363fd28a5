#include "server/eval/class_scores.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace ganserve {
namespace {

// Rows that are certain of the given classes.
Features Certain(const std::vector<size_t>& classes, size_t count) {
  Features logits{count, std::vector<float>(classes.size() * count, -100)};
  for (size_t row = 0; row < classes.size(); ++row) logits.values[row * count + classes[row]] = 100;
  return logits;
}

TEST(ScoreClasses, IsTheNumberOfClassesForCertainAndEvenRows) {
  EXPECT_NEAR(ScoreClasses(Certain({0, 1, 2, 3, 0, 1, 2, 3}, 4), 2).mean, 4, 1e-9);
}

TEST(ScoreClasses, IsOneWhenAllRowsAreOfOneClass) {
  EXPECT_NEAR(ScoreClasses(Certain({2, 2, 2, 2}, 4), 1).mean, 1, 1e-9);
}

TEST(ScoreClasses, IsOneWhenNoRowIsOfAnyClass) {
  EXPECT_NEAR(ScoreClasses({3, std::vector<float>(30, 5)}, 2).mean, 1, 1e-9);
}

TEST(ScoreClasses, IsItsDefinition) {
  // p(y|x) = (3/4, 1/4) and (1/4, 3/4), p(y) = (1/2, 1/2): KL = 3/4 log 3/2 + 1/4 log 1/2 for both.
  const float three = std::log(3.0f);
  const InceptionScore score = ScoreClasses({2, {three, 0, 0, three}}, 1);
  EXPECT_NEAR(score.mean, std::exp(0.75 * std::log(1.5) + 0.25 * std::log(0.5)), 1e-7);
  EXPECT_EQ(score.deviation, 0);
}

TEST(ScoreClasses, SplitsIntoRunsOfRows) {
  // The first half covers two classes, the second one.
  const InceptionScore score = ScoreClasses(Certain({0, 1, 1, 1}, 2), 2);
  EXPECT_NEAR(score.mean, 1.5, 1e-9);
  EXPECT_NEAR(score.deviation, 0.5, 1e-9);
}

TEST(ScoreClasses, TakesImpossibleClassesAndMoreSplitsThanRows) {
  const float impossible = -std::numeric_limits<float>::infinity();
  EXPECT_NEAR(ScoreClasses({2, {0, impossible, 0, impossible}}, 10).mean, 1, 1e-9);
}

TEST(ClassShares, CountTheLargestLogit) {
  EXPECT_EQ(ClassShares(Certain({0, 2, 2, 2}, 4)), (std::vector<double>{0.25, 0, 0.75, 0}));
}

TEST(SharesDivergence, IsItsDefinition) {
  EXPECT_EQ(SharesDivergence({0.5, 0.5}, {0.5, 0.5}, 100), 0);
  EXPECT_NEAR(SharesDivergence({1, 0, 0, 0}, {0.25, 0.25, 0.25, 0.25}, 100), std::log(4), 1e-12);
  EXPECT_NEAR(SharesDivergence({0.7, 0.3}, {0.4, 0.6}, 100), 0.7 * std::log(0.7 / 0.4) + 0.3 * std::log(0.5), 1e-12);
}

TEST(SharesDivergence, StaysFiniteForAClassThatTheReferenceLacks) {
  EXPECT_NEAR(SharesDivergence({0.5, 0.5}, {1, 0}, 100), 0.5 * std::log(0.5) + 0.5 * std::log(0.5 / 0.005), 1e-12);
}

}  // namespace
}  // namespace ganserve
