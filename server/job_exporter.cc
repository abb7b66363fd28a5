#include "server/job_exporter.h"

#include <signal.h>

#include <filesystem>
#include <future>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "server/base/status_macros.h"
#include "server/jobs/job_id.h"
#include "server/jobs/trainer_exit_codes.h"
#include "server/jobs/trainer_process.h"

namespace ganserve {
namespace {

constexpr int kNiceness = 10;  // somebody waits for it, but callers of Generate go first

// From what `ganserve-trainer export` prints: {"step": N}.
absl::StatusOr<uint64_t> ParseStep(const std::string& output) {
  absl::string_view text = absl::StripAsciiWhitespace(output);
  uint64_t step = 0;
  if (absl::ConsumePrefix(&text, "{\"step\": ") && absl::ConsumeSuffix(&text, "}") && absl::SimpleAtoi(text, &step)) {
    return step;
  }
  return absl::InternalError(absl::StrCat("the trainer's answer to an export can't be understood: ", output));
}

// What the trainer said, in the words of this side: its name and the job's path mean nothing to a client.
std::string Said(const TrainerExit& exit, const std::string& job_id, const std::string& job_path) {
  absl::string_view text = absl::StripAsciiWhitespace(exit.last_errors);
  absl::ConsumePrefix(&text, "ganserve-trainer: ");
  return absl::StrReplaceAll(text, {{job_path, absl::StrCat("job ", job_id)}});
}

absl::Status ExportError(const TrainerExit& exit, bool of_a_step, const std::string& message) {
  if (exit.signal == 0 && exit.code == kTrainerNotFound) {
    // A job that has no checkpoint yet is in the wrong state; a step that it never had is a wrong name.
    return of_a_step ? absl::NotFoundError(message) : absl::FailedPreconditionError(message);
  }
  if (exit.signal == 0 && exit.code == kTrainerOutOfDisk) return absl::ResourceExhaustedError(message);
  if (exit.signal == 0 && exit.code == kTrainerExists) return absl::AlreadyExistsError(message);
  if (exit.signal == 0 && exit.code == kTrainerPermanentError) return absl::FailedPreconditionError(message);
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
  if (!IsJobId(job_id) || !std::filesystem::exists(job + "/spec", ignored)) return UnknownJob(job_id);
  TrainerCommand command;
  command.arguments = {trainer_, "export", "--job-dir", job, "--out", out_folder};
  if (checkpoint_step) {
    command.arguments.insert(command.arguments.end(), {"--step", absl::StrCat(*checkpoint_step)});
  }
  command.niceness = kNiceness;
  std::promise<TrainerExit> ended;
  GANSERVE_ASSIGN_OR_RETURN(
      const auto process, TrainerProcess::Start(command, [&ended](const TrainerExit& exit) { ended.set_value(exit); }));
  const std::stop_callback kill(stop, [&process] { process->Signal(SIGKILL); });
  const TrainerExit exit = ended.get_future().get();
  if (exit.signal == 0 && exit.code == kTrainerFinished) return ParseStep(exit.output);
  if (stop.stop_requested()) return absl::UnavailableError("the server is stopping");
  return ExportError(exit, checkpoint_step.has_value(), Said(exit, job_id, job));
}

}  // namespace ganserve
