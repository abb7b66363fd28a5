#include "server/job_exporter.h"

#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <future>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/base/status_macros.h"
#include "server/jobs/trainer_process.h"

namespace ganserve {
namespace {

constexpr int kNiceness = 10;  // somebody waits for it, but callers of Generate go first
constexpr int kPermanentFailure = 4;
constexpr int kExistsAlready = 6;

bool IsJobId(const std::string& id) {
  return !id.empty() && id.size() <= 64 &&
         std::all_of(id.begin(), id.end(), [](unsigned char c) { return absl::ascii_isalnum(c) || c == '-'; });
}

// From what `ganserve-trainer export` prints: {"step": N}.
absl::StatusOr<uint64_t> ParseStep(const std::string& output) {
  absl::string_view text = absl::StripAsciiWhitespace(output);
  uint64_t step = 0;
  if (absl::ConsumePrefix(&text, "{\"step\": ") && absl::ConsumeSuffix(&text, "}") && absl::SimpleAtoi(text, &step)) {
    return step;
  }
  return absl::InternalError(absl::StrCat("the trainer's answer to an export can't be understood: ", output));
}

absl::Status ExportError(const TrainerExit& exit) {
  const std::string message =
      absl::StrCat("the export ended with ", exit.Describe(), ": ", absl::StripAsciiWhitespace(exit.last_errors));
  if (exit.signal == 0 && exit.code == kExistsAlready) return absl::AlreadyExistsError(message);
  if (exit.signal == 0 && exit.code == kPermanentFailure) return absl::FailedPreconditionError(message);
  return absl::InternalError(message);
}

}  // namespace

absl::StatusOr<uint64_t> JobExporter::Export(const std::string& job_id, std::optional<uint64_t> checkpoint_step,
                                             const std::string& out_folder, std::stop_token stop) {
  if (jobs_.empty()) {
    return absl::FailedPreconditionError("this server does not train; it was started without --jobs");
  }
  const std::string job = absl::StrCat(jobs_, "/", job_id);
  std::error_code ignored;
  if (!IsJobId(job_id) || !std::filesystem::exists(job + "/spec", ignored)) {
    return absl::NotFoundError(absl::StrCat("there is no job \"", job_id.substr(0, 64), "\""));
  }
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
  if (exit.signal == 0 && exit.code == 0) return ParseStep(exit.output);
  if (stop.stop_requested()) return absl::CancelledError("the server is stopping");
  return ExportError(exit);
}

}  // namespace ganserve
