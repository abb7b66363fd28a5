#include "server/jobs/job_table.h"

#include <iterator>

#include "server/jobs/job_id.h"

namespace ganserve {

void JobTable::Put(const v1::TrainJobInfo& info) {
  const MutexLock lock(mutex_);
  jobs_[info.id()] = info;
}

void JobTable::Remove(const std::string& id) {
  const MutexLock lock(mutex_);
  jobs_.erase(id);
}

absl::StatusOr<v1::TrainJobInfo> JobTable::Get(const std::string& id) const {
  const MutexLock lock(mutex_);
  const auto job = jobs_.find(id);
  if (job == jobs_.end()) return UnknownJob(id);
  return job->second;
}

JobTable::Page JobTable::List(size_t count, const std::string& before_id,
                              const std::set<v1::TrainJobState>& states) const {
  const MutexLock lock(mutex_);
  Page page;
  auto job = std::make_reverse_iterator(before_id.empty() ? jobs_.end() : jobs_.lower_bound(before_id));
  for (; job != jobs_.rend(); ++job) {
    if (!states.empty() && states.count(job->second.state()) == 0) continue;
    if (page.jobs.size() == count) {
      page.last = false;
      break;
    }
    page.jobs.push_back(job->second);
  }
  return page;
}

}  // namespace ganserve
