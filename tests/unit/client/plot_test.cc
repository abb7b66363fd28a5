// The picture of a job's losses, and what it is put together from.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "client/ganctl/pixels.h"
#include "client/plot/axis.h"
#include "client/plot/curve.h"
#include "client/plot/loss_chart.h"
#include "client/plot/loss_history.h"
#include "tests/unit/client/fake_training_service.h"

namespace ganserve::plot {
namespace {

using client::LossEvent;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// As they come: large at first, noisy, D falling and G rising.
LossHistory MakeHistory(uint64_t points, uint64_t distance) {
  LossHistory history;
  std::minstd_rand random(7);
  std::normal_distribution<double> noise(0, 0.15);
  for (uint64_t i = 1; i <= points; ++i) {
    const double progress = static_cast<double>(i) / static_cast<double>(points);
    const double start = i <= 3 && points > 10 ? 20 : 0;
    history.Add(LossEvent(i * distance, 0.7 - 0.2 * progress + noise(random), start + 1 + progress + noise(random)));
  }
  return history;
}

std::string Svg(const LossHistory& history) {
  return DrawLossChart(history, "garments, job j1", PictureFormat::kSvg).value();
}

// Strokes of the colour, as cairo writes them.
size_t Count(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(LossHistory, TakesBackWhatARollbackSupersedes) {
  LossHistory history;
  for (uint64_t step : {100, 200, 300}) history.Add(LossEvent(step, 1, 2));
  v1::TrainEvent rollback;
  rollback.set_step(150);
  rollback.mutable_rollback()->set_count(1);
  history.Add(rollback);
  history.Add(LossEvent(200, 3, 4));
  ASSERT_EQ(history.points().size(), 2u);
  EXPECT_EQ(history.points()[1].step, 200u);
  EXPECT_EQ(history.points()[1].discriminator_loss, 3);
  EXPECT_THAT(history.rollbacks(), ElementsAre(150));
}

TEST(LossHistory, CountsWhatIsMissing) {
  LossHistory history;
  v1::TrainEvent gap;
  gap.mutable_gap()->set_first_sequence(3);
  gap.mutable_gap()->set_last_sequence(7);
  history.Add(gap);
  EXPECT_EQ(history.missing(), 5u);
}

TEST(Axis, RangeLeavesOutWhatIsFarFromTheBulk) {
  std::vector<double> values(100);
  for (size_t i = 0; i < values.size(); ++i) values[i] = 1 + static_cast<double>(i) / 100;
  values[0] = 50;
  values[1] = std::numeric_limits<double>::quiet_NaN();
  const Range range = RobustRange(values);
  EXPECT_NEAR(range.low, 1.02, 1e-9);
  EXPECT_NEAR(range.high, 1.99, 1e-9);
}

TEST(Axis, RangeOfFewValuesHoldsThemAll) {
  EXPECT_EQ(RobustRange({1, 5, 2}).high, 5);
  EXPECT_EQ(RobustRange({2, 2, 2, 2, 9}).high, 9);
  EXPECT_EQ(RobustRange({}).high, 1);
  EXPECT_GT(Widened(RobustRange({3}), 0.05).span(), 0);
}

TEST(Axis, TicksAreRoundNumbersWithinTheRange) {
  EXPECT_THAT(RoundTicks({0.1, 0.9}, 5, false), ElementsAre(0.2, 0.4, testing::DoubleEq(0.6), 0.8));
  EXPECT_THAT(RoundTicks({0, 93800}, 10, true), testing::Contains(20000));
  EXPECT_THAT(RoundTicks({1, 3}, 10, true), ElementsAre(1, 2, 3));
  for (const double span : {1e-6, 0.37, 1.0, 99.0, 1e9}) EXPECT_LE(RoundTicks({0, span}, 7, false).size(), 7u);
}

TEST(Axis, TickTextHasTheDigitsItNeeds) {
  EXPECT_EQ(TickText(0.25, 0.05), "0.25");
  EXPECT_EQ(TickText(2, 1), "2");
  EXPECT_EQ(TickText(20000, 5000), "20k");
  EXPECT_EQ(TickText(3e6, 1e6), "3M");
  EXPECT_EQ(TickText(-0.0, 0.5), "0.0");
}

TEST(Curve, ThinningKeepsExtremesAndOrder) {
  std::vector<Point> points;
  for (int i = 0; i < 100'000; ++i) points.push_back({static_cast<double>(i), i == 61'234 ? 9.0 : 1.0});
  const std::vector<Point> thin = Thinned(points, 500);
  EXPECT_LE(thin.size(), 1'000u);
  EXPECT_GE(thin.size(), 500u);
  EXPECT_TRUE(std::is_sorted(thin.begin(), thin.end(), [](const Point& a, const Point& b) { return a.x < b.x; }));
  EXPECT_EQ(std::count_if(thin.begin(), thin.end(), [](const Point& p) { return p.y == 9; }), 1);
}

TEST(Curve, SmoothingKeepsALineALineAndLeavesFewPointsAlone) {
  std::vector<Point> line;
  for (int i = 0; i < 400; ++i) line.push_back({static_cast<double>(i), 2.0 * i});
  const std::vector<Point> smoothed = Smoothed(line);
  // At the ends by half a window's reach at most.
  EXPECT_NEAR(smoothed.front().y, line.front().y, 5.0 + 1e-9);
  for (size_t i = 5; i + 5 < line.size(); ++i) EXPECT_NEAR(smoothed[i].y, line[i].y, 1e-9);
  const std::vector<Point> few = {{1, 5}, {2, 0}, {3, 7}};
  EXPECT_EQ(Smoothed(few)[1].y, 0);
}

class LossChart : public testing::TestWithParam<uint64_t> {};

TEST_P(LossChart, HasBothCurvesInBothPanelsAndOnlyFiniteCoordinates) {
  const std::string svg = Svg(MakeHistory(GetParam(), 100));
  // Blue and orange: a legend line, the points and their course, in two panels.
  EXPECT_GE(Count(svg, "rgb(0%,45%,70%)"), 4u);
  EXPECT_GE(Count(svg, "rgb(84%,37%,0%)"), 4u);
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("inf")));
  // Whatever the number of points, a browser shows it at once.
  EXPECT_LT(svg.size(), size_t{1} << 20);
}

INSTANTIATE_TEST_SUITE_P(Plot, LossChart, testing::Values(1, 2, 3, 39, 40, 1'000, 100'000));

TEST(LossChartOf, ValuesThatAreNotFiniteLeavesThemOut) {
  LossHistory history = MakeHistory(50, 100);
  history.Add(LossEvent(5'100, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()));
  const std::string svg = Svg(history);
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("inf")));
}

TEST(LossChartOf, AJobInItsFirstEpochTellsOfNoNumbersThatAreNotThere) {
  const auto letters = [](uint64_t last_step, uint32_t batches) {
    LossHistory history;
    for (uint64_t step : {uint64_t{100}, last_step}) {
      v1::TrainEvent event = LossEvent(step, 0.7, 1.5);
      event.mutable_losses()->set_batches(batches);
      history.Add(event);
    }
    return Count(Svg(history), "<use ");
  };
  EXPECT_EQ(letters(900, 938), letters(900, 0));
  EXPECT_GT(letters(1'900, 938), letters(1'900, 0));
}

TEST(LossChartOf, NothingIsAnError) {
  EXPECT_EQ(DrawLossChart(LossHistory(), "x", PictureFormat::kSvg).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(LossChartOf, AJobAsPngShowsBothColours) {
  const auto png = DrawLossChart(MakeHistory(1'000, 100), "garments, job j1", PictureFormat::kPng);
  const ganctl::Pixels pixels = ganctl::DecodePng(png.value()).value();
  EXPECT_EQ(pixels.width, 1'920u);
  size_t blue = 0;
  size_t orange = 0;
  for (size_t i = 0; i + 2 < pixels.samples.size(); i += 3) {
    const int red_to_blue = pixels.samples[i] - pixels.samples[i + 2];
    blue += red_to_blue < -150 ? 1 : 0;
    orange += red_to_blue > 150 ? 1 : 0;
  }
  EXPECT_GT(blue, 2'000u);
  EXPECT_GT(orange, 2'000u);
}

}  // namespace
}  // namespace ganserve::plot
