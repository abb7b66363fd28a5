#include "tests/support/recording_metrics.h"

#include <algorithm>

namespace ganserve {

size_t RecordingMetrics::Totals::all_dropped() const {
  size_t sum = 0;
  for (const auto& [reason, count] : dropped) sum += count;
  return sum;
}

void RecordingMetrics::SetQueueDepth(size_t images) {
  MutexLock lock(mutex_);
  totals_.queue_depth = images;
}

void RecordingMetrics::SetBusyWorkers(size_t workers) {
  MutexLock lock(mutex_);
  totals_.busy_workers = workers;
  totals_.most_busy_workers = std::max(totals_.most_busy_workers, workers);
}

void RecordingMetrics::ObserveQueueTime(Seconds time) {
  MutexLock lock(mutex_);
  totals_.queue_times.push_back(time);
}

void RecordingMetrics::ObserveBatch(size_t images, Seconds forward) {
  MutexLock lock(mutex_);
  ++totals_.batches;
  totals_.batch_images += images;
  totals_.forward += forward;
}

void RecordingMetrics::ObserveEncode(size_t images, Seconds) {
  MutexLock lock(mutex_);
  totals_.encoded_images += images;
}

void RecordingMetrics::CountImages(size_t images) {
  MutexLock lock(mutex_);
  totals_.images += images;
}

void RecordingMetrics::CountDropped(DropReason reason, size_t images) {
  MutexLock lock(mutex_);
  totals_.dropped[reason] += images;
}

void RecordingMetrics::CountBatchFailure() {
  MutexLock lock(mutex_);
  ++totals_.batch_failures;
}

RecordingMetrics::Totals RecordingMetrics::totals() const {
  MutexLock lock(mutex_);
  return totals_;
}

size_t RecordingMetrics::dropped(DropReason reason) const {
  MutexLock lock(mutex_);
  const auto entry = totals_.dropped.find(reason);
  return entry == totals_.dropped.end() ? 0 : entry->second;
}

}  // namespace ganserve
