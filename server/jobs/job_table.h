// The jobs as whoever asks sees them.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ganserve/v1/training.pb.h"
#include "server/base/mutex.h"

namespace ganserve {

// Copies that the supervisor's thread puts here, so that readers wait neither for it nor for a disk. Any thread.
class JobTable {
 public:
  void Put(const v1::TrainJobInfo& info);
  void Remove(const std::string& id);

  absl::StatusOr<v1::TrainJobInfo> Get(const std::string& id) const;

  struct Page {
    std::vector<v1::TrainJobInfo> jobs;
    bool last = true;
  };
  // Up to `count` jobs in one of `states` (empty: in any), the newest first, from the first that is older than
  // `before_id` (empty: from the newest).
  Page List(size_t count, const std::string& before_id, const std::set<v1::TrainJobState>& states) const;

 private:
  mutable Mutex mutex_;
  std::map<std::string, v1::TrainJobInfo> jobs_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace ganserve
