#include "client/plot/axis.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "absl/strings/str_format.h"

namespace ganserve::plot {
namespace {

// Tukey's "far out".
constexpr double kFence = 3;
constexpr double kThousand = 1e3;
constexpr double kMillion = 1e6;

double Quantile(const std::vector<double>& sorted, double fraction) {
  const double position = fraction * static_cast<double>(sorted.size() - 1);
  const size_t below = static_cast<size_t>(position);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - static_cast<double>(below));
}

// The smallest of 1, 2 and 5 times a power of ten that is `distance` or more.
double RoundUp(double distance) {
  const double power = std::pow(10, std::floor(std::log10(distance)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    // Not to miss one by the rounding of pow.
    if (factor * power >= distance * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

}  // namespace

Range RobustRange(std::vector<double> values) {
  std::erase_if(values, [](double value) { return !std::isfinite(value); });
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const double lower = Quantile(values, 0.25);
  const double upper = Quantile(values, 0.75);
  const double reach = kFence * (upper - lower);
  // Of values that are nearly all alike, each other one would be far out.
  if (reach == 0) return {values.front(), values.back()};
  return {*std::lower_bound(values.begin(), values.end(), lower - reach),
          *(std::upper_bound(values.begin(), values.end(), upper + reach) - 1)};
}

Range Union(const Range& a, const Range& b) { return {std::min(a.low, b.low), std::max(a.high, b.high)}; }

Range Widened(const Range& range, double fraction) {
  if (range.span() <= 0) return {range.low - 0.5, range.low + 0.5};
  return {range.low - fraction * range.span(), range.high + fraction * range.span()};
}

std::vector<double> RoundTicks(const Range& range, int most, bool whole) {
  double distance = RoundUp(range.span() / most);
  if (whole) distance = std::max(distance, 1.0);
  std::vector<double> ticks;
  // Counted, not added up, so that the last one is as exact as the first.
  const double first = std::ceil(range.low / distance);
  for (double i = first; i * distance <= range.high && ticks.size() < static_cast<size_t>(most); ++i) {
    ticks.push_back(i * distance);
  }
  return ticks;
}

std::string TickText(double tick, double distance) {
  if (distance >= kMillion) return absl::StrFormat("%gM", tick / kMillion);
  if (distance >= kThousand) return absl::StrFormat("%gk", tick / kThousand);
  const int digits = std::max(0, static_cast<int>(-std::floor(std::log10(distance) + 1e-9)));
  // Not "-0".
  return absl::StrFormat("%.*f", digits, tick == 0 ? 0.0 : tick);
}

}  // namespace ganserve::plot
