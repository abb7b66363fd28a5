// The series of training jobs.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <string>
#include <vector>

#include "server/base/mutex.h"
#include "server/jobs/train_metrics.h"

namespace ganserve {

// A job's series carry its id and go with it; how many jobs there can be is bounded
// (TrainSupervisor::Options::max_jobs).
class TrainSeries final : public TrainMetrics {
 public:
  // `registry` outlives the object.
  explicit TrainSeries(prometheus::Registry& registry);

  void SetJobs(const std::map<std::string, size_t>& by_state) override;
  void SetJob(const std::string& job, const TrainJobFigures& figures) override;
  void RemoveJob(const std::string& job) override;
  void ObserveCheckpoint(Seconds writing) override { checkpoint_seconds_.Observe(writing.count()); }
  void CountRestart() override { restarts_.Increment(); }
  void SetWatchers(size_t watchers) override { watchers_.Set(static_cast<double>(watchers)); }

  // The families whose series come and go.
  std::vector<prometheus::MetricFamily> Collect() const;

 private:
  prometheus::Family<prometheus::Gauge>& jobs_;
  prometheus::Counter& restarts_;
  prometheus::Gauge& watchers_;
  prometheus::Histogram& checkpoint_seconds_;

  mutable Mutex mutex_;
  std::map<std::string, TrainJobFigures> figures_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace ganserve
