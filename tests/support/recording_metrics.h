// ServingMetrics that add up. Any thread.
#pragma once

#include <map>
#include <vector>

#include "server/base/mutex.h"
#include "server/serving/serving_metrics.h"

namespace ganserve {

class RecordingMetrics final : public ServingMetrics {
 public:
  struct Totals {
    size_t queue_depth = 0;   // the last one told
    size_t busy_workers = 0;  // the last number told
    size_t most_busy_workers = 0;
    std::vector<Seconds> queue_times;  // one for each job that a worker has begun
    size_t batches = 0;
    size_t batch_images = 0;
    Seconds forward{};
    size_t encoded_images = 0;
    size_t images = 0;
    std::map<DropReason, size_t> dropped;
    size_t batch_failures = 0;

    size_t all_dropped() const;
  };

  void SetQueueDepth(size_t images) override;
  void SetBusyWorkers(size_t workers) override;
  void ObserveQueueTime(Seconds time) override;
  void ObserveBatch(size_t images, Seconds forward) override;
  void ObserveEncode(size_t images, Seconds time) override;
  void CountImages(size_t images) override;
  void CountDropped(DropReason reason, size_t images) override;
  void CountBatchFailure() override;

  Totals totals() const;
  size_t dropped(DropReason reason) const;

 private:
  mutable Mutex mutex_;
  Totals totals_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace ganserve
