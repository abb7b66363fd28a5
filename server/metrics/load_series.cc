#include "server/metrics/load_series.h"

#include <algorithm>
#include <string>
#include <utility>

#include "server/metrics/single_series.h"

namespace ganserve {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

prometheus::Gauge& AddGauge(prometheus::Registry& registry, const std::string& name, const std::string& help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

// How much of `all` is used, from 0 to 1.
double Share(double used, uint64_t all) {
  return all == 0 ? 0.0 : std::clamp(used / static_cast<double>(all), 0.0, 1.0);
}

}  // namespace

LoadSeries::LoadSeries(prometheus::Registry& registry, const Clock& clock)
    : clock_(clock),
      ready_(AddGauge(registry, "ganserve_ready",
                      "1 from models loaded and warm until the stop is announced, as health says; else 0.")),
      workers_(AddGauge(registry, "ganserve_workers", "Threads that run forward passes.")),
      queue_images_(AddGauge(registry, "ganserve_queue_images", "Images accepted and not yet taken by a worker.")),
      memory_limit_(
          AddGauge(registry, "ganserve_memory_limit_bytes",
                   "What the process may use: --memory-limit, or else the smallest limit of its cgroups, or the "
                   "machine's memory.")),
      memory_budget_(
          AddGauge(registry, "ganserve_memory_budget_bytes",
                   "What the answers of accepted calls may take of ganserve_memory_limit_bytes together; calls "
                   "beyond are refused with RESOURCE_EXHAUSTED.")),
      busy_(clock.Now()) {}

void LoadSeries::SetCapacity(size_t workers, size_t queue_images) {
  workers_.Set(static_cast<double>(workers));
  const MutexLock lock(mutex_);
  worker_count_ = workers;
  queue_capacity_ = queue_images;
}

void LoadSeries::SetMemory(uint64_t limit_bytes, std::shared_ptr<const AnswerMemory> answers) {
  memory_limit_.Set(static_cast<double>(limit_bytes));
  memory_budget_.Set(static_cast<double>(answers->budget_bytes()));
  const MutexLock lock(mutex_);
  answers_ = std::move(answers);
}

void LoadSeries::SetBusyWorkers(size_t workers) {
  const MutexLock lock(mutex_);
  busy_.Set(workers, clock_.Now());
}

double LoadSeries::HeldBytes() const { return answers_ == nullptr ? 0.0 : static_cast<double>(answers_->held_bytes()); }

double LoadSeries::Saturation(Clock::TimePoint now) const {
  const uint64_t budget_bytes = answers_ == nullptr ? 0 : answers_->budget_bytes();
  return std::max({Share(busy_.Average(now), worker_count_), Share(queue_images_.Value(), queue_capacity_),
                   Share(HeldBytes(), budget_bytes)});
}

std::vector<MetricFamily> LoadSeries::Collect() const {
  const MutexLock lock(mutex_);
  const auto now = clock_.Now();
  return {
      SingleSeries(
          MetricType::Gauge, "ganserve_saturation",
          "How near the server is to refusing work, from 0 to 1: the largest of the share of workers at work, averaged "
          "exponentially over the last 10 s, the share of --max-queue-images that wait now, and the share of "
          "ganserve_memory_budget_bytes that answers take now.",
          Saturation(now)),
      SingleSeries(
          MetricType::Counter, "ganserve_worker_busy_seconds_total",
          "Time that all workers together were at work instead of waiting for it. Its rate over ganserve_workers is "
          "their utilisation.",
          busy_.BusySeconds(now)),
      SingleSeries(MetricType::Gauge, "ganserve_answer_memory_bytes",
                   "What the answers of accepted calls may take now, as estimated when the calls were accepted.",
                   HeldBytes()),
  };
}

}  // namespace ganserve
