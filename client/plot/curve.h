// Curves of many points, made fit to be drawn.
#pragma once

#include <cstddef>
#include <vector>

namespace ganserve::plot {

struct Point {
  double x = 0;
  double y = 0;
};

// Without points whose coordinates are not finite.
std::vector<Point> FinitePoints(const std::vector<Point>& points);

// Each point's y becomes the mean of the points around it, a fortieth of all. Fewer than 40 points stay as they are.
std::vector<Point> Smoothed(const std::vector<Point>& points);

// Of points in order of x, per column of the picture the lowest and the highest, so that it looks the same: two points
// a column at most, in order of x.
std::vector<Point> Thinned(const std::vector<Point>& points, size_t columns);

}  // namespace ganserve::plot
