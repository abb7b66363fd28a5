// The folder of all training jobs: <root>/<job id>/{spec, request_id, events, checkpoints/, samples/, exports/}.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ganserve/v1/training.pb.h"
#include "server/base/unique_fd.h"

namespace ganserve {

struct StoredJob {
  std::string id;  // sorts by time of creation, as long as the clock does not jump
  std::string request_id;
  v1::TrainSpec spec;  // resolved
  int64_t create_time_ms = 0;
};

// Names in a folder of jobs that are job directories, as they have a spec, in order. UNAVAILABLE: cannot list it.
absl::StatusOr<std::vector<std::string>> ListJobFolders(const std::string& root);

// Creates, finds and removes job directories; what happens in them is up to the supervisor and the trainers. One
// process at a time has a folder open. Used by one thread.
class JobStore {
 public:
  // Creates the folder where it is missing, and removes what a killed process left half made. Errors:
  // FAILED_PRECONDITION when another process has it open; those of the file system, such as PERMISSION_DENIED.
  static absl::StatusOr<JobStore> Open(const std::string& root);

  // The jobs in order of id. Those whose spec cannot be read, or whose folder has no id for a name, are left out and
  // reported in *unreadable.
  absl::StatusOr<std::vector<StoredJob>> Load(std::vector<absl::Status>* unreadable) const;

  // Makes a directory for a resolved spec, complete or not at all. `request_id` may be empty.
  absl::StatusOr<StoredJob> Create(const v1::TrainSpec& spec, const std::string& request_id) const;

  // Removes a job's directory with everything in it. OK once it is no job any more, even if files of it stay.
  absl::Status Delete(const std::string& id) const;

  std::string JobPath(const std::string& id) const { return root_ + "/" + id; }
  std::string EventsPath(const std::string& id) const { return JobPath(id) + "/events"; }

 private:
  JobStore(std::string root, UniqueFd lock) : root_(std::move(root)), lock_(std::move(lock)) {}

  absl::StatusOr<StoredJob> Read(const std::string& id) const;

  std::string root_;
  UniqueFd lock_;  // holds the flock of <root>/lock
};

}  // namespace ganserve
