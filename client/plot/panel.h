// One diagram of a picture: a frame with axes, in which curves are drawn.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "client/plot/axis.h"
#include "client/plot/canvas.h"
#include "client/plot/curve.h"

namespace ganserve::plot {

struct Series {
  std::string name;
  Colour colour;
  // In order of x.
  std::vector<Point> points;
};

class Panel {
 public:
  // `box` is the frame; labels stand outside of it, to the left and below. `canvas` outlives this.
  Panel(Canvas& canvas, const Box& box, const Range& x, const Range& y) : canvas_(canvas), box_(box), x_(x), y_(y) {}

  // Grid and numbers, and the name of the x axis, which may be empty.
  void DrawAxes(const std::string& x_name);
  // Above the frame: the title at the left and, at the right, a line of its colour and the name for each series.
  void DrawHeader(const std::string& title, const std::vector<Series>& series);
  // 1, 2, ... on top of the frame at multiples of `distance` of the x axis, as far apart as there is room. False
  // if none of them is on it.
  bool DrawTopMarks(double distance);
  void DrawVertical(double x, const Colour& colour);
  // The points, faint.
  void DrawPoints(const Series& series);
  // Their smoothed course. A value beyond the frame counts as one on its edge: a few of them would bend it far and
  // wide.
  void DrawCourse(const Series& series);

 private:
  Point ToCanvas(const Point& point) const;
  std::vector<Point> ToCanvas(std::vector<Point> points) const;

  Canvas& canvas_;
  const Box box_;
  const Range x_;
  const Range y_;
};

}  // namespace ganserve::plot
