// Ranges and ticks of an axis.
#pragma once

#include <string>
#include <vector>

namespace ganserve::plot {

struct Range {
  double low = 0;
  double high = 1;

  double span() const { return high - low; }
  bool Contains(double value) const { return value >= low && value <= high; }
};

// The range of the values without those far from the bulk: three times the distance of the quartiles or more beyond
// them, as a GAN's first losses are. Values that are not finite don't count; {0, 1} if there are none. low <= high.
Range RobustRange(std::vector<double> values);

// What holds both.
Range Union(const Range& a, const Range& b);

// The range with `fraction` of its span more at either end; one without a span becomes 1 wide.
Range Widened(const Range& range, double fraction);

// Multiples of 1, 2 or 5 times a power of ten within the range, `most` at most (2 or more). With `whole`, only whole
// numbers.
std::vector<double> RoundTicks(const Range& range, int most, bool whole);

// The tick as text, with as many digits as the distance of the ticks asks for; thousands as "20k", millions as "3M".
std::string TickText(double tick, double distance);

}  // namespace ganserve::plot
