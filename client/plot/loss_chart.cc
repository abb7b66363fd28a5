#include "client/plot/loss_chart.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/plot/panel.h"

namespace ganserve::plot {
namespace {

constexpr double kWidth = 960;
constexpr double kHeight = 720;
constexpr Box kLossBox = {64, 90, 936, 420};
constexpr Box kScoreBox = {64, 484, 936, 660};
// Told apart by people who see no red or no green as well (Okabe and Ito).
constexpr Colour kBlue = {0, 0.45, 0.70};
constexpr Colour kOrange = {0.84, 0.37, 0};
constexpr Colour kRollback = {0.8, 0.2, 0.2};

Series MakeSeries(const LossHistory& history, const std::string& name, const Colour& colour,
                  double LossPoint::*member) {
  Series series = {name, colour, {}};
  for (const LossPoint& point : history.points()) {
    series.points.push_back({static_cast<double>(point.step), point.*member});
  }
  return series;
}

std::vector<double> Values(const Series& series) {
  std::vector<double> values;
  for (const Point& point : series.points) values.push_back(point.y);
  return values;
}

// How many of the points are cut off, in words; empty if none.
std::string CutOff(const std::vector<Series>& all, const Range& range) {
  double highest = range.high;
  for (const Series& series : all) {
    for (const Point& point : FinitePoints(series.points)) highest = std::max(highest, point.y);
  }
  return highest > range.high ? absl::StrFormat(" (cut off; up to %.3g)", highest) : "";
}

void DrawPanel(Panel& panel, const std::string& title, const std::vector<Series>& all, const LossHistory& history) {
  panel.DrawHeader(title, all);
  for (const uint64_t step : history.rollbacks()) panel.DrawVertical(static_cast<double>(step), kRollback);
  for (const Series& series : all) panel.DrawPoints(series);
  for (const Series& series : all) panel.DrawCourse(series);
}

}  // namespace

absl::StatusOr<std::string> DrawLossChart(const LossHistory& history, const std::string& title, PictureFormat format) {
  if (history.points().empty()) return absl::FailedPreconditionError("there are no losses to draw");
  const std::vector<Series> losses = {
      MakeSeries(history, "discriminator", kBlue, &LossPoint::discriminator_loss),
      MakeSeries(history, "generator", kOrange, &LossPoint::generator_loss),
  };
  const std::vector<Series> scores = {
      MakeSeries(history, "D(x), real images", kBlue, &LossPoint::real_score),
      MakeSeries(history, "D(G(z)), generated images", kOrange, &LossPoint::fake_score),
  };
  const Range steps = Widened(
      {static_cast<double>(history.points().front().step), static_cast<double>(history.points().back().step)}, 0);
  const Range bulk = Union(RobustRange(Values(losses[0])), RobustRange(Values(losses[1])));
  Range y = Widened(bulk, 0.05);
  // No room for negative losses where there are none.
  if (bulk.low >= 0) y.low = std::max(y.low, 0.0);

  Canvas canvas(format, kWidth, kHeight);
  canvas.Text(kLossBox.left, 36, title, {.size = 16, .bold = true});
  Panel loss_panel(canvas, kLossBox, steps, y);
  loss_panel.DrawAxes("");
  const double epoch_steps = static_cast<double>(history.epoch_steps());
  const std::string epochs = epoch_steps > 0 && loss_panel.DrawTopMarks(epoch_steps) ? "; numbers above: epochs" : "";
  DrawPanel(loss_panel, absl::StrCat("Loss", CutOff(losses, y), epochs), losses, history);
  Panel score_panel(canvas, kScoreBox, steps, {0, 1});
  score_panel.DrawAxes("step");
  DrawPanel(score_panel, "Discriminator's mean probability of \"real\"", scores, history);
  return canvas.Finish();
}

}  // namespace ganserve::plot
