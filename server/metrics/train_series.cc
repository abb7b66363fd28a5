#include "server/metrics/train_series.h"

#include <algorithm>
#include <cctype>
#include <optional>

namespace ganserve {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::MetricFamily;

const prometheus::Histogram::BucketBoundaries kCheckpointBuckets = {0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                                                    1,    2.5,   5,    10,  30,   60};

MetricFamily JobFamily(const std::string& name, const std::string& help,
                       const std::map<std::string, TrainJobFigures>& jobs,
                       std::optional<double> (*value)(const TrainJobFigures&)) {
  MetricFamily family{name, help, prometheus::MetricType::Gauge, {}};
  for (const auto& [job, figures] : jobs) {
    const std::optional<double> known = value(figures);
    if (!known) continue;
    prometheus::ClientMetric& metric = family.metric.emplace_back();
    metric.label = {{"job_id", job}};
    metric.gauge.value = *known;
  }
  return family;
}

std::optional<double> SecondsUnlessZero(int64_t milliseconds) {
  if (milliseconds == 0) return std::nullopt;
  return static_cast<double>(milliseconds) / 1000;
}

std::string LowerCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

}  // namespace

TrainSeries::TrainSeries(prometheus::Registry& registry)
    : jobs_(BuildGauge().Name("ganserve_train_jobs").Help("Training jobs by state.").Register(registry)),
      restarts_(BuildCounter()
                    .Name("ganserve_trainer_restarts_total")
                    .Help("Trainers that died and were started again.")
                    .Register(registry)
                    .Add({})),
      watchers_(BuildGauge()
                    .Name("ganserve_train_watchers")
                    .Help("Streams of TrainJob and WatchTrainJob that are open.")
                    .Register(registry)
                    .Add({})),
      checkpoint_seconds_(BuildHistogram()
                              .Name("ganserve_train_checkpoint_seconds")
                              .Help("Writing of a checkpoint.")
                              .Register(registry)
                              .Add({}, kCheckpointBuckets)) {
  for (const char* state :
       {"queued", "starting", "running", "paused", "cancelling", "cancelled", "succeeded", "failed"}) {
    jobs_.Add({{"state", state}});
  }
}

void TrainSeries::SetJobs(const std::map<std::string, size_t>& by_state) {
  for (const auto& [state, count] : by_state) jobs_.Add({{"state", LowerCase(state)}}).Set(static_cast<double>(count));
}

void TrainSeries::SetJob(const std::string& job, const TrainJobFigures& figures) {
  const MutexLock lock(mutex_);
  figures_[job] = figures;
}

void TrainSeries::RemoveJob(const std::string& job) {
  const MutexLock lock(mutex_);
  figures_.erase(job);
}

std::vector<MetricFamily> TrainSeries::Collect() const {
  const MutexLock lock(mutex_);
  return {
      JobFamily("ganserve_train_steps", "Batches that the job has trained; falls after a rollback.", figures_,
                [](const TrainJobFigures& job) -> std::optional<double> { return static_cast<double>(job.step); }),
      JobFamily("ganserve_train_discriminator_loss", "The discriminator's last loss; NaN before the first.", figures_,
                [](const TrainJobFigures& job) -> std::optional<double> { return job.discriminator_loss; }),
      JobFamily("ganserve_train_generator_loss", "The generator's last loss; NaN before the first.", figures_,
                [](const TrainJobFigures& job) -> std::optional<double> { return job.generator_loss; }),
      JobFamily("ganserve_train_images_per_second", "Training images a second at the last report.", figures_,
                [](const TrainJobFigures& job) -> std::optional<double> { return job.images_per_second; }),
      JobFamily("ganserve_train_checkpoint_timestamp_seconds",
                "When the job's last checkpoint was written, in seconds since 1970; none before the first. Its age is "
                "time() minus this.",
                figures_, [](const TrainJobFigures& job) { return SecondsUnlessZero(job.checkpoint_time_ms); }),
      JobFamily(
          "ganserve_train_last_event_timestamp_seconds",
          "When the newest event of a RUNNING job was written, in seconds since 1970; other jobs have none. A job "
          "that stalls writes no more.",
          figures_, [](const TrainJobFigures& job) { return SecondsUnlessZero(job.last_event_time_ms); }),
  };
}

}  // namespace ganserve
