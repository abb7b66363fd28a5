#include "server/training.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/device/device.h"
#include "server/jobs/data_check.h"
#include "server/log/log.h"

namespace ganserve {
namespace {

// Looked for here, so that a server for a device that is not there does not start.
absl::StatusOr<std::string> TrainerDevice(const ServerOptions& options) {
  const absl::StatusOr<Device> device = SelectDevice(options.external_trainers ? "cpu" : options.trainer_device);
  if (device.ok()) {
    if (options.trainer_device == "auto") {
      Log(LogLevel::kInfo, "trainers' device chosen", {{"device", device->name()}, {"CUDA", DescribeCuda()}});
    }
    return device->name();
  }
  return absl::Status(device.status().code(),
                      absl::StrCat("--trainer-device: ", std::string(device.status().message())));
}

PromoteFunction PromoteBy(ModelAdmin& models) {
  return [&models](const JobPromotion& job, auto done) {
    const Promotion promotion{job.id, std::nullopt, job.model, job.only_if_not_worse};
    models.Promote(promotion, [done = std::move(done)](absl::StatusOr<StoredVersion> version) {
      if (!version.ok()) return done(std::move(version).status());
      done(absl::StrCat("promoted to version ", version->version, " of model ", version->model));
    });
  };
}

}  // namespace

std::string TrainerPath(const ServerOptions& options) {
  if (!options.trainer.empty()) return options.trainer;
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  return (self.parent_path() / "ganserve-trainer").string();
}

std::string EvaluatorPath(const ServerOptions& options) {
  return std::filesystem::path(TrainerPath(options)).replace_filename("ganserve-eval").string();
}

absl::StatusOr<std::unique_ptr<TrainSupervisor>> StartTraining(const ServerOptions& options, ModelAdmin& models,
                                                               TrainMetrics& metrics) {
  TrainSupervisor::Options training;
  training.jobs = options.jobs;
  training.max_running = static_cast<size_t>(options.max_running_jobs);
  training.max_queued = static_cast<size_t>(options.max_queued_jobs);
  training.max_jobs = static_cast<size_t>(options.max_jobs);
  training.runner.trainer = TrainerPath(options);
  training.runner.data_root = options.data_root;
  training.runner.external = options.external_trainers;
  GANSERVE_ASSIGN_OR_RETURN(training.runner.device, TrainerDevice(options));
  training.runner.niceness = static_cast<int>(options.trainer_niceness);
  training.runner.memory_limit_bytes = static_cast<uint64_t>(options.trainer_memory_limit);
  training.runner.stop_grace = options.trainer_stop_grace;
  training.runner.max_restarts = static_cast<int>(options.max_trainer_restarts);
  if (!options.models.empty()) training.runner.promote = PromoteBy(models);
  training.check_data = [runner = training.runner](v1::TrainSpec spec, std::stop_token stop) {
    spec.set_memory_limit_bytes(SmallerLimit(spec.memory_limit_bytes(), runner.memory_limit_bytes));
    return CheckTrainingData(runner.trainer, runner.data_root, spec, std::move(stop));
  };
  if (std::error_code error; !std::filesystem::is_directory(options.data_root, error)) {
    return absl::FailedPreconditionError(
        absl::StrCat("--data-root = \"", options.data_root, "\": ", error ? error.message() : "is no folder"));
  }
  if (::access(training.runner.trainer.c_str(), X_OK) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("--trainer = \"", training.runner.trainer, "\": can't be executed"));
  }
  return TrainSupervisor::Create(std::move(training), metrics, Clock::Real());
}

}  // namespace ganserve
