// All of the server's metrics for Prometheus, named ganserve_* and in base units (seconds, bytes, images).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/jobs/train_metrics.h"
#include "server/serving/answer_memory.h"
#include "server/serving/call_metrics.h"
#include "server/serving/model_metrics.h"
#include "server/serving/serving_metrics.h"

namespace prometheus {
class Collectable;
}  // namespace prometheus

namespace ganserve {

// Every series that can be foreseen exists from construction on, at zero, so that a rate or an alert needs no first
// event. Counters and histograms are looked up at construction: reporting takes no lock but a histogram's own, and one
// for a worker that begins or ends to wait. Any thread.
class PrometheusMetrics : public ServingMetrics, public CallMetrics {
 public:
  struct Options {
    std::vector<std::string> methods;     // short names of the RPCs; any other is reported as "other"
    std::string version;                  // of ganserve
    std::string torch;                    // version of LibTorch
    std::string device;                   // "cpu", "cuda:0"
    const Clock* clock = &Clock::Real();  // outlives the object
  };

  explicit PrometheusMetrics(const Options& options);
  ~PrometheusMetrics() override;
  PrometheusMetrics(const PrometheusMetrics&) = delete;
  PrometheusMetrics& operator=(const PrometheusMetrics&) = delete;

  void SetQueueDepth(size_t images) override;
  void SetBusyWorkers(size_t workers) override;
  void ObserveQueueTime(ServingMetrics::Seconds time) override;
  void ObserveBatch(size_t images, ServingMetrics::Seconds forward) override;
  void ObserveEncode(size_t images, ServingMetrics::Seconds time) override;
  void CountImages(size_t images) override;
  void CountDropped(DropReason reason, size_t images) override;
  void CountBatchFailure() override;

  void CallStarted(std::string_view method) override;
  void CallFinished(std::string_view method, absl::StatusCode code, CallMetrics::Seconds latency) override;

  // Workers there are, and images that may wait: what saturation is measured by.
  void SetCapacity(size_t workers, size_t queue_images);
  void SetMemory(uint64_t limit_bytes, std::shared_ptr<const AnswerMemory> answers);
  // Whether health says SERVING; not before it is told.
  void SetReady(bool ready);

  // Live as long as this object.
  ModelMetrics& models();
  TrainMetrics& training();

  // What a scrape reads, in Prometheus's text format.
  std::string Text() const;
  std::shared_ptr<prometheus::Collectable> collectable() const;

 private:
  struct Series;
  const std::shared_ptr<Series> series_;  // shared with a scrape in progress
};

}  // namespace ganserve
