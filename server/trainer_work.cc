#include "server/trainer_work.h"

#include <poll.h>
#include <signal.h>

#include <cstdio>
#include <ctime>
#include <optional>
#include <utility>
#include <vector>

#include "server/base/status_macros.h"
#include "server/jobs/waiting_jobs.h"
#include "server/train/job_directory.h"

namespace ganserve {
namespace {

constexpr timespec kLookEvery{2, 0};

// The first that waits and can be opened. What changed before its lock was ours has been read with its history.
absl::StatusOr<std::optional<JobDirectory>> TakeNext(WaitingJobs* waiting) {
  GANSERVE_ASSIGN_OR_RETURN(const std::vector<std::string> paths, waiting->Look());
  for (const std::string& path : paths) {
    absl::StatusOr<JobDirectory> job = JobDirectory::Open(path, /*supervised=*/false);
    if (job.ok() && job->history().NeedsTrainer()) return *std::move(job);
    if (absl::IsUnavailable(job.status())) continue;  // another trainer has it
    if (!job.ok()) std::fprintf(stderr, "Passed over: %s\n", std::string(job.status().message()).c_str());
  }
  return std::nullopt;
}

// Until it is time to look again, or a signal that the process handles comes. `stop`, which the handler sets, is looked
// at with the signals held back, so that none comes unnoticed between the look and the wait.
void Rest(const std::atomic<bool>& stop) {
  sigset_t signals;
  sigset_t before;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, &before);
  if (!stop) ::ppoll(nullptr, 0, &kLookEvery, &before);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace

absl::StatusOr<TrainOutcome> Work(const WorkFlags& flags, const CommandContext& context) {
  TrainConsole console(stdout);
  WaitingJobs waiting(flags.jobs);
  for (bool told = false; !context.stop; told = true) {
    GANSERVE_ASSIGN_OR_RETURN(std::optional<JobDirectory> job, TakeNext(&waiting));
    if (job) {
      console.Line("Training " + job->path());
      return RunOpenJob(&*job, flags.data_root, context);
    }
    if (!told) console.Line("No job waits in " + flags.jobs);
    if (!flags.wait) return TrainOutcome{};
    Rest(context.stop);
  }
  return TrainOutcome{.stopped = true};
}

}  // namespace ganserve
