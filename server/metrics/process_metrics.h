// The process basics that every Prometheus client reports, read from the kernel at every scrape
// (https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics).
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <optional>
#include <vector>

namespace ganserve {

class ProcessMetrics : public prometheus::Collectable {
 public:
  ProcessMetrics();

  // What the kernel doesn't tell (no /proc) is left out. Any thread.
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const std::optional<double> start_time_;  // seconds since 1970
};

}  // namespace ganserve
