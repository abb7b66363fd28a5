#include "server/jobs/waiting_jobs.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/jobs/job_store.h"

namespace ganserve {

absl::StatusOr<std::vector<std::string>> WaitingJobs::Look() {
  GANSERVE_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListJobFolders(root_));
  std::map<std::string, Job> jobs;
  std::vector<std::pair<uint64_t, std::string>> waiting;
  for (const std::string& name : names) {
    const std::string path = absl::StrCat(root_, "/", name);
    const auto known = jobs_.find(name);
    Job job = known != jobs_.end() ? std::move(known->second) : Job{EventReader(path + "/events"), {}};
    ReadNew(&job);
    if (job.standing.NeedsTrainer()) waiting.emplace_back(job.standing.ticket(), path);
    jobs[name] = std::move(job);
  }
  jobs_ = std::move(jobs);  // without those that have been deleted
  std::sort(waiting.begin(), waiting.end());
  std::vector<std::string> paths;
  for (auto& [ticket, path] : waiting) paths.push_back(std::move(path));
  return paths;
}

void WaitingJobs::ReadNew(Job* job) {
  while (job->reader) {
    const auto event = job->reader->Next();
    if (event.ok() && !*event) return;
    if (event.ok()) job->standing.Apply(**event);
    if (!event.ok()) job->standing = {};
    if (!event.ok() || job->reader->ended()) job->reader.reset();
  }
}

}  // namespace ganserve
