#include "client/plot/panel.h"

#include <algorithm>
#include <cstddef>

namespace ganserve::plot {
namespace {

constexpr Colour kGrid = {0.88, 0.88, 0.88};
constexpr Colour kFrame = {0.55, 0.55, 0.55};
constexpr int kMaxYTicks = 7;
constexpr int kMaxXTicks = 10;
constexpr double kLegendLine = 22;
constexpr double kGap = 6;
// "100" and some air.
constexpr double kTopMarkWidth = 48;
constexpr double kTopMarkLength = 5;

// Two thirds of the way to white.
Colour Faint(const Colour& colour) { return {(colour.red + 2) / 3, (colour.green + 2) / 3, (colour.blue + 2) / 3}; }

double Distance(const std::vector<double>& ticks, double otherwise) {
  return ticks.size() < 2 ? otherwise : ticks[1] - ticks[0];
}

}  // namespace

void Panel::DrawAxes(const std::string& x_name) {
  const std::vector<double> y_ticks = RoundTicks(y_, kMaxYTicks, false);
  for (const double tick : y_ticks) {
    const double y = ToCanvas({x_.low, tick}).y;
    canvas_.Curve({{box_.left, y}, {box_.right, y}}, kGrid, 1, box_);
    canvas_.Text(box_.left - kGap, y + 4, TickText(tick, Distance(y_ticks, 1)), {.align = Align::kRight});
  }
  const std::vector<double> x_ticks = RoundTicks(x_, kMaxXTicks, true);
  for (const double tick : x_ticks) {
    const double x = ToCanvas({tick, y_.low}).x;
    canvas_.Curve({{x, box_.top}, {x, box_.bottom}}, kGrid, 1, box_);
    canvas_.Text(x, box_.bottom + 17, TickText(tick, Distance(x_ticks, 1)), {.align = Align::kCentre});
  }
  canvas_.Text((box_.left + box_.right) / 2, box_.bottom + 36, x_name, {.align = Align::kCentre});
  // Half a point on either side of the box.
  const Box frame = {box_.left - 1, box_.top - 1, box_.right + 1, box_.bottom + 1};
  canvas_.Curve({{box_.left, box_.top},
                 {box_.right, box_.top},
                 {box_.right, box_.bottom},
                 {box_.left, box_.bottom},
                 {box_.left, box_.top}},
                kFrame, 1, frame);
}

void Panel::DrawHeader(const std::string& title, const std::vector<Series>& series) {
  const double y = box_.top - 24;
  canvas_.Text(box_.left, y, title, {.size = 13, .bold = true});
  double right = box_.right;
  for (auto entry = series.rbegin(); entry != series.rend(); ++entry) {
    canvas_.Text(right, y, entry->name, {.align = Align::kRight});
    right -= canvas_.TextWidth(entry->name, {}) + kGap;
    const Box line = {right - kLegendLine, y - 8, right, y};
    canvas_.Curve({{line.left, y - 4}, {line.right, y - 4}}, entry->colour, 3, line);
    right = line.left - 3 * kGap;
  }
}

bool Panel::DrawTopMarks(double distance) {
  bool drawn = false;
  const Range marks = {x_.low / distance, x_.high / distance};
  const int most = static_cast<int>(box_.width() / kTopMarkWidth);
  for (const double mark : RoundTicks(marks, std::max(most, 2), true)) {
    if (mark <= 0) continue;
    const double x = ToCanvas({mark * distance, 0}).x;
    const Box room = {x - 1, box_.top - kTopMarkLength, x + 1, box_.top};
    canvas_.Curve({{x, room.top}, {x, room.bottom}}, kFrame, 1, room);
    canvas_.Text(x, box_.top - kTopMarkLength - 3, TickText(mark, 1), {.size = 10, .align = Align::kCentre});
    drawn = true;
  }
  return drawn;
}

void Panel::DrawVertical(double x, const Colour& colour) {
  const double left = ToCanvas({x, 0}).x;
  canvas_.Curve({{left, box_.top}, {left, box_.bottom}}, colour, 1, box_);
}

void Panel::DrawPoints(const Series& series) {
  const std::vector<Point> points = Thinned(FinitePoints(series.points), static_cast<size_t>(box_.width()));
  canvas_.Curve(ToCanvas(points), Faint(series.colour), 1, box_);
}

void Panel::DrawCourse(const Series& series) {
  std::vector<Point> points = FinitePoints(series.points);
  for (Point& point : points) point.y = std::clamp(point.y, y_.low, y_.high);
  canvas_.Curve(ToCanvas(Thinned(Smoothed(points), static_cast<size_t>(box_.width()))), series.colour, 2, box_);
}

Point Panel::ToCanvas(const Point& point) const {
  return {box_.left + (point.x - x_.low) / x_.span() * box_.width(),
          box_.bottom - (point.y - y_.low) / y_.span() * box_.height()};
}

std::vector<Point> Panel::ToCanvas(std::vector<Point> points) const {
  for (Point& point : points) point = ToCanvas(point);
  return points;
}

}  // namespace ganserve::plot
