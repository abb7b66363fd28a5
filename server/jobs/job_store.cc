#include "server/jobs/job_store.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "proto/spec/train_spec_defaults.h"
#include "server/base/lock_file.h"
#include "server/base/publish.h"
#include "server/base/read_file.h"
#include "server/base/status_macros.h"
#include "server/jobs/job_id.h"
#include "server/jobs/train_spec.h"
#include "server/log/log.h"

namespace ganserve {
namespace {

namespace fs = std::filesystem;

constexpr char kRequestIdFile[] = "request_id";
constexpr int kIdAttempts = 8;  // of 24 random bits, within one second

int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

absl::StatusOr<UniqueFd> Lock(const std::string& path) {
  GANSERVE_ASSIGN_OR_RETURN(std::optional<UniqueFd> lock, TryLockFile(path));
  if (lock) return *std::move(lock);
  return absl::FailedPreconditionError(absl::StrCat(path, ": another server has this folder of jobs"));
}

absl::Status NoJobId(const std::string& path) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": is not named like a job: 1 to 64 letters, digits and '-'"));
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ListJobFolders(const std::string& root) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(root, error); !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::error_code ignored;
    if (fs::exists(entry->path() / kSpecFile, ignored)) names.push_back(entry->path().filename().string());
  }
  if (error) return absl::UnavailableError(absl::StrCat(root, ": cannot list: ", error.message()));
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<JobStore> JobStore::Open(const std::string& root) {
  GANSERVE_RETURN_IF_ERROR(MakeFolders(root));
  GANSERVE_ASSIGN_OR_RETURN(UniqueFd lock, Lock(root + "/lock"));
  RemoveTemporaries(root);
  return JobStore(root, std::move(lock));
}

absl::StatusOr<std::vector<StoredJob>> JobStore::Load(std::vector<absl::Status>* unreadable) const {
  GANSERVE_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListJobFolders(root_));
  std::vector<StoredJob> jobs;
  for (const std::string& name : names) {
    absl::StatusOr<StoredJob> job = IsJobId(name) ? Read(name) : NoJobId(JobPath(name));
    if (job.ok()) {
      jobs.push_back(*std::move(job));
    } else {
      unreadable->push_back(job.status());
    }
  }
  return jobs;
}

absl::StatusOr<StoredJob> JobStore::Read(const std::string& id) const {
  GANSERVE_ASSIGN_OR_RETURN(v1::TrainSpec spec, ReadTrainSpec(JobPath(id)));
  const std::string path = absl::StrCat(JobPath(id), "/", kSpecFile);
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return absl::ErrnoToStatus(errno, path);
  StoredJob job{id, "", ResolveTrainSpec(std::move(spec)), int64_t{status.st_mtim.tv_sec} * 1000};
  if (auto request_id = ReadFile(absl::StrCat(JobPath(id), "/", kRequestIdFile)); request_id.ok()) {
    job.request_id = *std::move(request_id);
  }
  return job;
}

absl::StatusOr<StoredJob> JobStore::Create(const v1::TrainSpec& spec, const std::string& request_id) const {
  GANSERVE_ASSIGN_OR_RETURN(const std::string json, TrainSpecToJson(spec));
  const auto write = [&](const std::string& folder) -> absl::Status {
    if (!request_id.empty()) {
      GANSERVE_RETURN_IF_ERROR(PublishFile(absl::StrCat(folder, "/", kRequestIdFile), request_id));
    }
    return PublishFile(absl::StrCat(folder, "/", kSpecFile), json);
  };
  absl::Status status;
  for (int attempt = 0; attempt < kIdAttempts; ++attempt) {
    const int64_t now = NowMs();
    const std::string id = NewJobId(now);
    status = PublishFolderWith(JobPath(id), write);
    if (status.ok()) return StoredJob{id, request_id, spec, now};
    if (!absl::IsAlreadyExists(status)) break;
  }
  return status;
}

absl::Status JobStore::Delete(const std::string& id) const {
  // Under its new name it is no job any more, whatever happens next.
  const std::string doomed = TemporaryName(JobPath(id));
  GANSERVE_RETURN_IF_ERROR(RenameDurably(JobPath(id), doomed));
  std::error_code error;
  fs::remove_all(doomed, error);
  // NFS keeps files that are open; Open removes them.
  if (error) Log(LogLevel::kWarning, "files of a deleted job stay", {{"path", doomed}, {"error", error.message()}});
  return absl::OkStatus();
}

}  // namespace ganserve
