// What serving reports about itself. server/metrics implements it for Prometheus; the default does nothing, so that
// neither tests nor benchmarks need a registry. All methods are called from any thread and must be cheap.
#pragma once

#include <chrono>
#include <cstddef>

namespace ganserve {

// Why an image that was asked for was never delivered.
enum class DropReason {
  kCancelled,  // the caller went away, or the server stopped
  kExpired,    // the deadline passed while the image waited
  kRejected,   // refused on arrival: queue full, deadline out of reach, or stopping
  kFailed,     // it, or another image of the same call, could not be made
};

class ServingMetrics {
 public:
  using Seconds = std::chrono::duration<double>;

  virtual ~ServingMetrics() = default;

  // Images accepted and not yet taken by a worker, after the change.
  virtual void SetQueueDepth(size_t /*images*/) {}
  // Workers that are not waiting for work, after the change; one call at a time, in the order of the changes.
  virtual void SetBusyWorkers(size_t /*workers*/) {}
  // From acceptance of a job to the first of its images being taken by a worker.
  virtual void ObserveQueueTime(Seconds) {}
  virtual void ObserveBatch(size_t /*images*/, Seconds /*forward*/) {}
  // Encoding of the images that one job has in a batch.
  virtual void ObserveEncode(size_t /*images*/, Seconds) {}
  // Images encoded and handed to their jobs.
  virtual void CountImages(size_t /*images*/) {}
  // Of a job with a window, the images that it had been granted.
  virtual void CountDropped(DropReason, size_t /*images*/) {}
  // A batch whose forward pass failed; it is tried again in halves.
  virtual void CountBatchFailure() {}
};

}  // namespace ganserve
