#include "server/jobs/trainer_call.h"

#include <signal.h>

#include <future>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"
#include "server/base/status_macros.h"
#include "server/jobs/trainer_exit_codes.h"

namespace ganserve {
namespace {

constexpr int kNiceness = 10;  // somebody waits for it, but callers of Generate go first

}  // namespace

absl::StatusOr<TrainerExit> CallTrainer(TrainerCommand command, std::stop_token stop) {
  command.niceness = kNiceness;
  std::promise<TrainerExit> ended;
  GANSERVE_ASSIGN_OR_RETURN(
      const auto process, TrainerProcess::Start(command, [&ended](const TrainerExit& exit) { ended.set_value(exit); }));
  const std::stop_callback kill(stop, [&process] { process->Signal(SIGKILL); });
  TrainerExit exit = ended.get_future().get();
  if (stop.stop_requested() && !exit.ExitedWith(kTrainerFinished)) {
    return absl::UnavailableError("the server is stopping");
  }
  return exit;
}

std::string TrainerComplaint(const TrainerExit& exit) {
  absl::string_view text = absl::StripAsciiWhitespace(exit.last_errors);
  if (!absl::ConsumePrefix(&text, "ganserve-trainer: ")) absl::ConsumePrefix(&text, "ganserve-eval: ");
  return std::string(text);
}

}  // namespace ganserve
