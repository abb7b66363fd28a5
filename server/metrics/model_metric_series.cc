#include "server/metrics/model_metric_series.h"

#include <utility>

namespace ganserve {
namespace {

using prometheus::Counter;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily InfoFamily(const std::vector<ModelSeries>& models) {
  MetricFamily family{"ganserve_model_info", "1 for every version of a model that is loaded.", MetricType::Gauge, {}};
  for (const ModelSeries& model : models) {
    prometheus::ClientMetric& metric = family.metric.emplace_back();
    metric.label = {{"model", model.model},
                    {"version", std::to_string(model.version)},
                    {"digest", model.digest},
                    {"on_duty", model.on_duty ? "true" : "false"}};
    metric.gauge.value = 1;
  }
  return family;
}

MetricFamily RefusedFamily(const std::map<std::string, size_t>& refused) {
  MetricFamily family{"ganserve_model_versions_refused",
                      "Versions in the repository that were tried and do not load, pass their checks or warm up; one "
                      "is tried again when its files change.",
                      MetricType::Gauge,
                      {}};
  for (const auto& [model, versions] : refused) {
    prometheus::ClientMetric& metric = family.metric.emplace_back();
    metric.label = {{"model", model}};
    metric.gauge.value = static_cast<double>(versions);
  }
  return family;
}

}  // namespace

ModelMetricSeries::Switches::Switches(prometheus::Family<Counter>& family, const std::string& cause)
    : succeeded(family.Add({{"cause", cause}, {"result", "ok"}})),
      failed(family.Add({{"cause", cause}, {"result", "failed"}})) {}

ModelMetricSeries::ModelMetricSeries(prometheus::Registry& registry)
    : ModelMetricSeries(prometheus::BuildCounter()
                            .Name("ganserve_model_switches_total")
                            .Help("Attempts to put another version of a model on duty, by cause and result.")
                            .Register(registry)) {}

ModelMetricSeries::ModelMetricSeries(prometheus::Family<Counter>& switches)
    : activation_(switches, "activation"), promotion_(switches, "promotion"), followed_(switches, "followed") {}

void ModelMetricSeries::SetModels(std::vector<ModelSeries> models) {
  const MutexLock lock(mutex_);
  models_ = std::move(models);
}

void ModelMetricSeries::SetRefused(std::map<std::string, size_t> by_model) {
  const MutexLock lock(mutex_);
  refused_ = std::move(by_model);
}

const ModelMetricSeries::Switches& ModelMetricSeries::Of(SwitchCause cause) const {
  switch (cause) {
    case SwitchCause::kActivation:
      return activation_;
    case SwitchCause::kPromotion:
      return promotion_;
    case SwitchCause::kFollowed:
      break;
  }
  return followed_;
}

void ModelMetricSeries::CountSwitch(SwitchCause cause, bool succeeded) {
  const Switches& switches = Of(cause);
  (succeeded ? switches.succeeded : switches.failed).Increment();
}

std::vector<MetricFamily> ModelMetricSeries::Collect() const {
  const MutexLock lock(mutex_);
  return {InfoFamily(models_), RefusedFamily(refused_)};
}

}  // namespace ganserve
