#include "client/plot/curve.h"

#include <algorithm>
#include <cmath>

namespace ganserve::plot {
namespace {

constexpr size_t kWindows = 40;

bool IsLower(const Point& a, const Point& b) { return a.y < b.y; }

}  // namespace

std::vector<Point> FinitePoints(const std::vector<Point>& points) {
  std::vector<Point> finite;
  for (const Point& point : points) {
    if (std::isfinite(point.x) && std::isfinite(point.y)) finite.push_back(point);
  }
  return finite;
}

std::vector<Point> Smoothed(const std::vector<Point>& points) {
  if (points.size() < kWindows) return points;
  const size_t reach = std::max<size_t>(points.size() / kWindows / 2, 1);
  std::vector<double> sums = {0};
  for (const Point& point : points) sums.push_back(sums.back() + point.y);
  std::vector<Point> smoothed = points;
  for (size_t i = 0; i < points.size(); ++i) {
    // Less on one side at both ends. A window that shrank on both sides would end in single, noisy points.
    const size_t first = i - std::min(i, reach);
    const size_t last = std::min(i + reach, points.size() - 1);
    smoothed[i].y = (sums[last + 1] - sums[first]) / static_cast<double>(last - first + 1);
  }
  return smoothed;
}

std::vector<Point> Thinned(const std::vector<Point>& points, size_t columns) {
  if (points.size() <= 2 * columns) return points;
  const double left = points.front().x;
  const double width = (points.back().x - left) / static_cast<double>(columns);
  std::vector<Point> thin;
  for (auto begin = points.begin(); begin != points.end();) {
    const double column = std::min(std::floor((begin->x - left) / width), static_cast<double>(columns - 1));
    auto end = std::find_if(begin, points.end(), [&](const Point& p) { return p.x > left + (column + 1) * width; });
    if (end == begin) ++end;
    const auto [low, high] = std::minmax_element(begin, end, IsLower);
    thin.push_back(std::min(low, high) == low ? *low : *high);
    if (low != high) thin.push_back(std::min(low, high) == low ? *high : *low);
    begin = end;
  }
  return thin;
}

}  // namespace ganserve::plot
