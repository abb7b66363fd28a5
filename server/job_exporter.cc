#include "server/job_exporter.h"

#include <filesystem>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "server/base/status_macros.h"
#include "server/jobs/job_id.h"
#include "server/jobs/train_spec.h"
#include "server/jobs/trainer_call.h"
#include "server/jobs/trainer_exit_codes.h"

namespace ganserve {
namespace {

// From what `ganserve-trainer export` prints: {"step": N}.
absl::StatusOr<uint64_t> ParseStep(const std::string& output) {
  absl::string_view text = absl::StripAsciiWhitespace(output);
  uint64_t step = 0;
  if (absl::ConsumePrefix(&text, "{\"step\": ") && absl::ConsumeSuffix(&text, "}") && absl::SimpleAtoi(text, &step)) {
    return step;
  }
  return absl::InternalError(absl::StrCat("the trainer's answer to an export can't be understood: ", output));
}

absl::Status ExportError(const TrainerExit& exit, bool of_a_step, const std::string& message) {
  if (exit.ExitedWith(kTrainerNotFound)) {
    // A job that has no checkpoint yet is in the wrong state; a step that it never had is a wrong name.
    return of_a_step ? absl::NotFoundError(message) : absl::FailedPreconditionError(message);
  }
  if (exit.ExitedWith(kTrainerOutOfDisk)) return absl::ResourceExhaustedError(message);
  if (exit.ExitedWith(kTrainerExists)) return absl::AlreadyExistsError(message);
  if (exit.ExitedWith(kTrainerPermanentError)) return absl::FailedPreconditionError(message);
  return absl::InternalError(absl::StrCat("the export ended with ", exit.Describe(), ": ", message));
}

}  // namespace

absl::StatusOr<uint64_t> JobExporter::Export(const std::string& job_id, std::optional<uint64_t> checkpoint_step,
                                             const std::string& out_folder, std::stop_token stop) {
  if (jobs_.empty()) {
    return absl::FailedPreconditionError("this server does not train; it was started without --jobs");
  }
  const std::string job = absl::StrCat(jobs_, "/", job_id);
  std::error_code ignored;
  if (!IsJobId(job_id) || !std::filesystem::exists(absl::StrCat(job, "/", kSpecFile), ignored))
    return UnknownJob(job_id);
  TrainerCommand command;
  command.arguments = {trainer_, "export", "--job-dir", job, "--out", out_folder};
  command.memory_limit_bytes = memory_limit_bytes_;
  if (checkpoint_step) {
    command.arguments.insert(command.arguments.end(), {"--step", absl::StrCat(*checkpoint_step)});
  }
  GANSERVE_ASSIGN_OR_RETURN(const TrainerExit exit, CallTrainer(std::move(command), std::move(stop)));
  if (exit.ExitedWith(kTrainerFinished)) return ParseStep(exit.output);
  // In the words of this side: the job's path means nothing to a client.
  const std::string message = absl::StrReplaceAll(TrainerComplaint(exit), {{job, absl::StrCat("job ", job_id)}});
  return ExportError(exit, checkpoint_step.has_value(), message);
}

}  // namespace ganserve
