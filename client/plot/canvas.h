// A picture that is drawn once and written as SVG or as PNG.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/plot/curve.h"

namespace ganserve::plot {

enum class PictureFormat { kSvg, kPng };

// 0 to 1 each.
struct Colour {
  double red = 0;
  double green = 0;
  double blue = 0;
};

// x grows to the right, y downwards, in points of the SVG; a PNG has two pixels for one.
struct Box {
  double left = 0;
  double top = 0;
  double right = 0;
  double bottom = 0;

  double width() const { return right - left; }
  double height() const { return bottom - top; }
};

enum class Align { kLeft, kCentre, kRight };

struct TextStyle {
  double size = 12;
  Align align = Align::kLeft;
  Colour colour = {0.2, 0.2, 0.2};
  bool bold = false;
};

// White at first. Not thread-safe.
class Canvas {
 public:
  Canvas(PictureFormat format, double width, double height);
  ~Canvas();

  void Fill(const Box& box, const Colour& colour);
  // Through the points, with what lies outside of `clip` cut off. A single point becomes a dot.
  void Curve(const std::vector<Point>& points, const Colour& colour, double width, const Box& clip);
  // The baseline is at y; `align` says which end of the text, or its middle, is at x.
  void Text(double x, double y, const std::string& text, const TextStyle& style);
  double TextWidth(const std::string& text, const TextStyle& style);

  // The file. Nothing can be drawn after it. RESOURCE_EXHAUSTED if the memory does not suffice.
  absl::StatusOr<std::string> Finish();

 private:
  struct State;

  const std::unique_ptr<State> state_;
};

}  // namespace ganserve::plot
