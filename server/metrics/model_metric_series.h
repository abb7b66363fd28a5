// The series of the model repository and of what is loaded of it.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>

#include <map>
#include <string>
#include <vector>

#include "server/base/mutex.h"
#include "server/serving/model_metrics.h"

namespace ganserve {

// Labels are the names and versions that the repository holds, so whoever can write there decides how many there are.
// Any thread.
class ModelMetricSeries final : public ModelMetrics {
 public:
  // `registry` outlives the object.
  explicit ModelMetricSeries(prometheus::Registry& registry);

  // Those named before and not now disappear from the next scrape.
  void SetModels(std::vector<ModelSeries> models) override;
  void SetRefused(std::map<std::string, size_t> by_model) override;
  void CountSwitch(SwitchCause cause, bool succeeded) override;

  // The families whose series come and go.
  std::vector<prometheus::MetricFamily> Collect() const;

 private:
  // Of one cause.
  struct Switches {
    Switches(prometheus::Family<prometheus::Counter>& family, const std::string& cause);
    prometheus::Counter& succeeded;
    prometheus::Counter& failed;
  };

  explicit ModelMetricSeries(prometheus::Family<prometheus::Counter>& switches);
  const Switches& Of(SwitchCause cause) const;

  const Switches activation_;
  const Switches promotion_;
  const Switches followed_;

  mutable Mutex mutex_;
  std::vector<ModelSeries> models_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, size_t> refused_ ABSL_GUARDED_BY(mutex_);  // versions, by model
};

}  // namespace ganserve
