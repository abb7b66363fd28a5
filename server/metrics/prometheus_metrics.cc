#include "server/metrics/prometheus_metrics.h"

#include <prometheus/collectable.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "server/metrics/load_series.h"
#include "server/metrics/model_metric_series.h"
#include "server/metrics/process_metrics.h"
#include "server/metrics/train_series.h"

namespace ganserve {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Registry;

constexpr std::string_view kOtherMethod = "other";
constexpr size_t kStatusCodes = 17;  // OK (0) to UNAUTHENTICATED (16), the same for absl and gRPC

// Fine where a service of milliseconds lives, exact at 0.25 s, where the objective for Generate is
// (docs/operations.md), and far beyond 10 s, so that a hanging call shows as such. In seconds.
const Histogram::BucketBoundaries kSecondsBuckets = {0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.003, 0.005,
                                                     0.0075, 0.01,    0.015,  0.025, 0.05,  0.1,   0.25,
                                                     0.5,    1,       2.5,    5,     10,    30,    60};
// From one small image (10 us) on.
const Histogram::BucketBoundaries kEncodeBuckets = {0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005,
                                                    0.001,   0.0025,   0.005,   0.01,   0.025,   0.05,
                                                    0.1,     0.25,     1,       10,     30,      60};
const Histogram::BucketBoundaries kBatchBuckets = {1, 2, 4, 8, 16, 32, 64, 128, 256};

Counter& AddCounter(Registry& registry, const std::string& name, const std::string& help) {
  return BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

Histogram& AddHistogram(Registry& registry, const std::string& name, const std::string& help,
                        const Histogram::BucketBoundaries& buckets) {
  return BuildHistogram().Name(name).Help(help).Register(registry).Add({}, buckets);
}

// The images dropped, one counter per DropReason.
class DroppedImages {
 public:
  explicit DroppedImages(Registry& registry)
      : DroppedImages(BuildCounter()
                          .Name("ganserve_images_dropped_total")
                          .Help("Images dropped, by reason; of a stream, those of its window.")
                          .Register(registry)) {}

  Counter& of(DropReason reason) const {
    switch (reason) {
      case DropReason::kCancelled:
        return cancelled_;
      case DropReason::kExpired:
        return expired_;
      case DropReason::kFailed:
        return failed_;
      case DropReason::kRejected:
        break;
    }
    return rejected_;
  }

 private:
  explicit DroppedImages(Family<Counter>& family)
      : cancelled_(family.Add({{"reason", "cancelled"}})),
        expired_(family.Add({{"reason", "expired"}})),
        rejected_(family.Add({{"reason", "rejected"}})),
        failed_(family.Add({{"reason", "failed"}})) {}

  Counter& cancelled_;
  Counter& expired_;
  Counter& rejected_;
  Counter& failed_;
};

// The series of one RPC.
struct MethodSeries {
  std::string name;
  std::array<Counter*, kStatusCodes> requests;  // by status code
  Histogram* seconds;
  Gauge* in_flight;
};

std::vector<MethodSeries> AddMethods(Registry& registry, std::vector<std::string> methods) {
  auto& requests = BuildCounter()
                       .Name("ganserve_requests_total")
                       .Help("RPCs answered, by method and status code.")
                       .Register(registry);
  auto& seconds = BuildHistogram()
                      .Name("ganserve_request_seconds")
                      .Help("From an RPC's arrival to the end of its answer.")
                      .Register(registry);
  auto& in_flight = BuildGauge()
                        .Name("ganserve_requests_in_flight")
                        .Help("RPCs that have arrived and are not answered.")
                        .Register(registry);
  methods.emplace_back(kOtherMethod);
  std::vector<MethodSeries> series;
  for (const std::string& method : methods) {
    MethodSeries& added = series.emplace_back(MethodSeries{
        method, {}, &seconds.Add({{"method", method}}, kSecondsBuckets), &in_flight.Add({{"method", method}})});
    for (size_t code = 0; code < kStatusCodes; ++code) {
      const std::string name = absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
      added.requests[code] = &requests.Add({{"method", method}, {"code", name}});
    }
  }
  return series;
}

}  // namespace

// Registered with the HTTP server as one Collectable. The registry comes first: the references point into it.
struct PrometheusMetrics::Series : public prometheus::Collectable {
  explicit Series(const Options& options)
      : methods(AddMethods(registry, options.methods)), load(registry, *options.clock) {
    BuildGauge()
        .Name("ganserve_build_info")
        .Help("1; what runs, in the labels.")
        .Register(registry)
        .Add({{"version", options.version}, {"torch", options.torch}, {"device", options.device}})
        .Set(1);
  }

  std::vector<prometheus::MetricFamily> Collect() const override {
    std::vector<prometheus::MetricFamily> families = registry.Collect();
    std::ranges::move(load.Collect(), std::back_inserter(families));
    std::ranges::move(models.Collect(), std::back_inserter(families));
    std::ranges::move(training.Collect(), std::back_inserter(families));
    std::ranges::move(process.Collect(), std::back_inserter(families));
    return families;
  }

  // The last method is "other".
  const MethodSeries& Method(std::string_view name) const {
    const auto found = std::ranges::find(methods, name, &MethodSeries::name);
    return found == methods.end() ? methods.back() : *found;
  }

  Registry registry;
  const std::vector<MethodSeries> methods;
  Counter& images = AddCounter(registry, "ganserve_images_total", "Images encoded for their callers.");
  const DroppedImages dropped{registry};
  Counter& batch_failures = AddCounter(registry, "ganserve_batch_failures_total",
                                       "Batches whose forward pass failed and was tried again in halves.");
  Histogram& queue_seconds =
      AddHistogram(registry, "ganserve_queue_seconds",
                   "From acceptance of a request to its first image being taken by a worker.", kSecondsBuckets);
  Histogram& forward_seconds =
      AddHistogram(registry, "ganserve_forward_seconds", "Forward pass of a batch.", kSecondsBuckets);
  Histogram& encode_seconds = AddHistogram(registry, "ganserve_encode_seconds",
                                           "Encoding of the images that one request has in a batch.", kEncodeBuckets);
  Histogram& batch_images =
      AddHistogram(registry, "ganserve_batch_images", "Images in a batch's forward pass.", kBatchBuckets);

  LoadSeries load;
  ModelMetricSeries models{registry};
  TrainSeries training{registry};
  const ProcessMetrics process;
};

PrometheusMetrics::PrometheusMetrics(const Options& options) : series_(std::make_shared<Series>(options)) {}

PrometheusMetrics::~PrometheusMetrics() = default;

void PrometheusMetrics::SetQueueDepth(size_t images) { series_->load.SetQueueDepth(images); }

void PrometheusMetrics::SetBusyWorkers(size_t workers) { series_->load.SetBusyWorkers(workers); }

void PrometheusMetrics::ObserveQueueTime(ServingMetrics::Seconds time) { series_->queue_seconds.Observe(time.count()); }

void PrometheusMetrics::ObserveBatch(size_t images, ServingMetrics::Seconds forward) {
  series_->batch_images.Observe(static_cast<double>(images));
  series_->forward_seconds.Observe(forward.count());
}

void PrometheusMetrics::ObserveEncode(size_t /*images*/, ServingMetrics::Seconds time) {
  series_->encode_seconds.Observe(time.count());
}

void PrometheusMetrics::CountImages(size_t images) { series_->images.Increment(static_cast<double>(images)); }

void PrometheusMetrics::CountDropped(DropReason reason, size_t images) {
  series_->dropped.of(reason).Increment(static_cast<double>(images));
}

void PrometheusMetrics::CountBatchFailure() { series_->batch_failures.Increment(); }

void PrometheusMetrics::CallStarted(std::string_view method) { series_->Method(method).in_flight->Increment(); }

void PrometheusMetrics::CallFinished(std::string_view method, absl::StatusCode code, CallMetrics::Seconds latency) {
  const MethodSeries& series = series_->Method(method);
  const auto index = static_cast<size_t>(code);
  series.requests[index < kStatusCodes ? index : static_cast<size_t>(absl::StatusCode::kUnknown)]->Increment();
  series.seconds->Observe(latency.count());
  series.in_flight->Decrement();
}

void PrometheusMetrics::SetCapacity(size_t workers, size_t queue_images) {
  series_->load.SetCapacity(workers, queue_images);
}

void PrometheusMetrics::SetMemory(uint64_t limit_bytes, std::shared_ptr<const AnswerMemory> answers) {
  series_->load.SetMemory(limit_bytes, std::move(answers));
}

void PrometheusMetrics::SetReady(bool ready) { series_->load.SetReady(ready); }

ModelMetrics& PrometheusMetrics::models() { return series_->models; }

TrainMetrics& PrometheusMetrics::training() { return series_->training; }

std::string PrometheusMetrics::Text() const { return prometheus::TextSerializer().Serialize(series_->Collect()); }

std::shared_ptr<prometheus::Collectable> PrometheusMetrics::collectable() const { return series_; }

}  // namespace ganserve
