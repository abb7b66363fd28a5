// `ganserve-trainer work`: a trainer that finds its job by itself, as one in a pod of its own does.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "server/trainer_commands.h"

namespace ganserve {

struct WorkFlags {
  std::string jobs;  // folder of the jobs of a server
  std::string data_root;
  bool wait = false;
};

// Trains, as RunJob, the job that waits longest and that no other trainer has; one job, so that a process has the
// limits and the memory of one. When none waits: finished, or with `wait` waits for one, looking every two seconds,
// because a network volume tells nobody of what other machines write. Errors as RunJob; UNAVAILABLE when there is no
// such folder.
absl::StatusOr<TrainOutcome> Work(const WorkFlags& flags, const CommandContext& context);

}  // namespace ganserve
