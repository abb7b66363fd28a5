// What the models report about themselves. server/metrics implements it for Prometheus; the default does nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ganserve {

// A version of a model that is loaded.
struct ModelSeries {
  std::string model;
  uint64_t version = 0;
  std::string digest;
  bool on_duty = false;
};

// Why another version was to go on duty.
enum class SwitchCause {
  kActivation,  // ActivateModelVersion
  kPromotion,   // PromoteTrainJob, or a job's own wish to be promoted
  kFollowed,    // the repository said so: another replica or an operator
};

class ModelMetrics {
 public:
  virtual ~ModelMetrics() = default;

  // The versions loaded now.
  virtual void SetModels(std::vector<ModelSeries> /*models*/) {}  // NOLINT(performance-unnecessary-value-param)
  // How many versions of each model were refused; every model of the repository, so that one without is 0.
  virtual void SetRefused(std::map<std::string, size_t> /*by_model*/) {}  // NOLINT(performance-unnecessary-value-param)
  // An attempt to put a version on duty is over.
  virtual void CountSwitch(SwitchCause, bool /*succeeded*/) {}
};

}  // namespace ganserve
