// The training half of the server, put together from the options.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/jobs/train_supervisor.h"
#include "server/options.h"
#include "server/serving/model_admin.h"

namespace ganserve {

// The trainer's executable: --trainer, or the one beside this executable.
std::string TrainerPath(const ServerOptions& options);

// The ganserve-eval beside the trainer.
std::string EvaluatorPath(const ServerOptions& options);

// Takes up the jobs of --jobs, which is not empty. What is borrowed outlives the supervisor. Errors name the option.
absl::StatusOr<std::unique_ptr<TrainSupervisor>> StartTraining(const ServerOptions& options, ModelAdmin& models,
                                                               TrainMetrics& metrics);

}  // namespace ganserve
