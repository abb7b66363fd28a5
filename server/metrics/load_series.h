// The series that say how much work the server has and how much it could take.
#pragma once

#include <prometheus/gauge.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/metrics/busy_meter.h"
#include "server/serving/answer_memory.h"

namespace ganserve {

// Saturation is computed when it is scraped, from the moments at which workers began and ended their work, so that it
// does not depend on who scrapes and when. Any thread.
class LoadSeries {
 public:
  // `registry` and `clock` outlive the object.
  LoadSeries(prometheus::Registry& registry, const Clock& clock);

  // What there is: workers, and images that may wait. Before it is told, saturation is 0.
  void SetCapacity(size_t workers, size_t queue_images);
  void SetQueueDepth(size_t images) { queue_images_.Set(static_cast<double>(images)); }
  void SetBusyWorkers(size_t workers);
  // The process's memory limit, and what answers may take of it: `answers` says how much they take.
  void SetMemory(uint64_t limit_bytes, std::shared_ptr<const AnswerMemory> answers);
  void SetReady(bool ready) { ready_.Set(ready ? 1 : 0); }

  // The families that are computed.
  std::vector<prometheus::MetricFamily> Collect() const;

 private:
  double HeldBytes() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  double Saturation(Clock::TimePoint now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock& clock_;
  prometheus::Gauge& ready_;
  prometheus::Gauge& workers_;
  prometheus::Gauge& queue_images_;
  prometheus::Gauge& memory_limit_;
  prometheus::Gauge& memory_budget_;

  mutable Mutex mutex_;
  BusyMeter busy_ ABSL_GUARDED_BY(mutex_);
  size_t worker_count_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t queue_capacity_ ABSL_GUARDED_BY(mutex_) = 0;
  std::shared_ptr<const AnswerMemory> answers_ ABSL_GUARDED_BY(mutex_);  // null: not told yet
};

}  // namespace ganserve
