#include "server/jobs/generator_comparison.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "proto/spec/train_spec_defaults.h"
#include "server/base/eval_exit_codes.h"
#include "server/base/status_macros.h"
#include "server/jobs/job_id.h"
#include "server/jobs/train_spec.h"
#include "server/jobs/trainer_call.h"

namespace ganserve {
namespace {

absl::StatusOr<v1::TrainSpec> ReadSpec(const std::string& jobs, const std::string& job_id) {
  if (!IsJobId(job_id)) return UnknownJob(job_id);
  absl::StatusOr<v1::TrainSpec> spec = ReadTrainSpec(absl::StrCat(jobs, "/", job_id));
  if (spec.ok()) return ResolveTrainSpec(*std::move(spec));
  return absl::IsDataLoss(spec.status()) ? spec.status() : UnknownJob(job_id);
}

}  // namespace

absl::Status CheckNotWorse(const ComparisonOptions& options, const std::string& job_id, const std::string& candidate,
                           const std::string& incumbent, std::stop_token stop) {
  GANSERVE_ASSIGN_OR_RETURN(const v1::TrainSpec spec, ReadSpec(options.jobs, job_id));
  TrainerCommand command;
  command.memory_limit_bytes = options.memory_limit_bytes;
  command.arguments = {options.evaluator,
                       "--model",
                       candidate,
                       "--against",
                       incumbent,
                       "--data",
                       absl::StrCat(options.data_root, "/", spec.data()),
                       "--samples",
                       absl::StrCat(spec.evaluation_samples()),
                       "--threads",
                       "1"};
  if (!spec.extractor().empty()) {
    command.arguments.insert(command.arguments.end(),
                             {"--extractor", absl::StrCat(options.data_root, "/", spec.extractor())});
  }
  GANSERVE_ASSIGN_OR_RETURN(const TrainerExit exit, CallTrainer(std::move(command), std::move(stop)));
  if (exit.ExitedWith(kEvalDone)) return absl::OkStatus();
  // In the words of this side: paths mean nothing to a client.
  const std::string message = absl::StrReplaceAll(
      TrainerComplaint(exit),
      {{candidate, absl::StrCat("the generator of job ", job_id)}, {incumbent, "the version on duty"}});
  if (exit.ExitedWith(kEvalWorse)) {
    return absl::FailedPreconditionError(absl::StrCat("the generator of job ", job_id, " is ", message));
  }
  const std::string unable = absl::StrCat("can't be compared with the version on duty: ", message);
  if (exit.ExitedWith(kEvalBadInput)) return absl::FailedPreconditionError(unable);
  return absl::InternalError(absl::StrCat(unable, " (measuring ended with ", exit.Describe(), ")"));
}

}  // namespace ganserve
