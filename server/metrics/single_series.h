// A family of one series without labels, for values that are computed when they are scraped.
#pragma once

#include <prometheus/metric_family.h>

#include <string>

namespace ganserve {

// `type` is Counter or Gauge.
inline prometheus::MetricFamily SingleSeries(prometheus::MetricType type, const std::string& name,
                                             const std::string& help, double value) {
  prometheus::ClientMetric metric;
  (type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  return {name, help, type, {metric}};
}

}  // namespace ganserve
