// The jobs of a folder that wait for a trainer, for trainers in other pods that come to take one.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/jobs/event_reader.h"
#include "server/jobs/job_standing.h"

namespace ganserve {

// Reads the histories in a server's folder of jobs, each event once. Used by one thread.
class WaitingJobs {
 public:
  explicit WaitingJobs(std::string root) : root_(std::move(root)) {}

  // The directories of the jobs that need a trainer now, which one may have come to already, the first in the queue
  // first. A job whose history can't be read is left out. UNAVAILABLE when the folder can't be listed.
  absl::StatusOr<std::vector<std::string>> Look();

 private:
  struct Job {
    std::optional<EventReader> reader;  // none when there is nothing more to read
    JobStanding standing;
  };

  static void ReadNew(Job* job);

  std::string root_;
  std::map<std::string, Job> jobs_;  // by name
};

}  // namespace ganserve
