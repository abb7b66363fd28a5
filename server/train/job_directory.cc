#include "server/train/job_directory.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "server/base/lock_file.h"
#include "server/base/publish.h"
#include "server/base/sha256.h"
#include "server/base/status_macros.h"
#include "server/jobs/event_log.h"
#include "server/train/checksum_trailer.h"

namespace ganserve {
namespace {

namespace fs = std::filesystem;

// Those that the trainer alone writes into.
constexpr const char* kFolders[] = {"checkpoints", "samples", "exports"};

absl::StatusOr<UniqueFd> Lock(const std::string& job) {
  const std::string path = absl::StrCat(job, "/lock");
  GANSERVE_ASSIGN_OR_RETURN(std::optional<UniqueFd> lock, TryLockFile(path));
  if (lock) return *std::move(lock);
  return absl::UnavailableError(absl::StrCat(job, ": another trainer works on this job and holds ", path));
}

bool HasSpec(const std::string& job) {
  std::error_code error;
  return fs::exists(fs::path(job) / "spec", error);
}

}  // namespace

absl::StatusOr<JobDirectory> JobDirectory::Create(const std::string& path, const std::string& spec) {
  GANSERVE_RETURN_IF_ERROR(MakeFolders(path));
  GANSERVE_ASSIGN_OR_RETURN(UniqueFd lock, Lock(path));
  if (HasSpec(path)) {
    return absl::AlreadyExistsError(
        absl::StrCat(path, ": holds a training job already; choose another folder or --resume"));
  }
  RemoveTemporaries(path);
  GANSERVE_RETURN_IF_ERROR(PublishFile(absl::StrCat(path, "/spec"), spec));
  return OpenParts(path, std::move(lock), /*supervised=*/false);
}

absl::StatusOr<JobDirectory> JobDirectory::Open(const std::string& path, bool supervised) {
  if (!HasSpec(path)) return absl::NotFoundError(absl::StrCat(path, ": holds no training job"));
  GANSERVE_ASSIGN_OR_RETURN(UniqueFd lock, Lock(path));
  return OpenParts(path, std::move(lock), supervised);
}

absl::StatusOr<JobDirectory> JobDirectory::OpenParts(const std::string& path, UniqueFd lock, bool supervised) {
  for (const char* folder : kFolders) {
    GANSERVE_RETURN_IF_ERROR(MakeFolders(absl::StrCat(path, "/", folder)));
    RemoveTemporaries(absl::StrCat(path, "/", folder));
  }
  GANSERVE_ASSIGN_OR_RETURN(JobHistory history, JobHistory::Open(absl::StrCat(path, "/events"), supervised));
  return JobDirectory(path, std::move(lock), std::move(history));
}

std::string JobDirectory::PathOf(const std::string& name) const { return absl::StrCat(path_, "/", name); }

absl::Status JobDirectory::ReplaceSpec(const std::string& spec) { return PublishFile(PathOf("spec"), spec); }

absl::Status JobDirectory::PublishSample(uint64_t step, const std::string& png) {
  const std::string name = absl::StrCat("samples/", step, ".png");
  GANSERVE_RETURN_IF_ERROR(PublishFile(PathOf(name), png));
  return history_.RecordSample(step, name);
}

absl::Status JobDirectory::PublishExport(uint64_t step, uint64_t now, const Writer& write_model,
                                         const std::string& model_json) {
  const absl::Status status = PublishModelFolder(ExportPath(step), write_model, model_json);
  // One that exists may be that of a process that was killed before it told.
  if (!status.ok() && !absl::IsAlreadyExists(status)) return status;
  return history_.RecordExport(now, absl::StrCat("exports/", step));
}

absl::StatusOr<CheckpointFacts> JobDirectory::PublishCheckpoint(uint64_t step, absl::string_view contents) {
  const std::string name = CheckpointName(step);
  const std::string file = WithChecksum(contents);
  GANSERVE_RETURN_IF_ERROR(PublishFile(PathOf(name), file));
  return CheckpointFacts{name, Sha256Hex(file), 0};
}

void JobDirectory::RemoveOldCheckpoints(size_t kept, std::optional<uint64_t> best) const {
  auto checkpoints = ListCheckpoints(path_);
  if (best && checkpoints.size() > kept && *best < std::prev(checkpoints.end(), static_cast<ptrdiff_t>(kept))->first) {
    checkpoints.erase(*best);
  }
  while (checkpoints.size() > kept) {
    std::error_code ignored;  // an old checkpoint that stays is only a waste of space
    fs::remove(checkpoints.begin()->second, ignored);
    checkpoints.erase(checkpoints.begin());
  }
}

absl::StatusOr<std::optional<Checkpoint>> JobDirectory::ReadLastCheckpoint() {
  const auto checkpoints = ListCheckpoints(path_);
  for (auto newest = checkpoints.rbegin(); newest != checkpoints.rend(); ++newest) {
    const auto& [step, path] = *newest;
    absl::StatusOr<Checkpoint> checkpoint = ReadCheckpoint(step, path);
    if (checkpoint.ok() || !absl::IsDataLoss(checkpoint.status())) return checkpoint;
    GANSERVE_RETURN_IF_ERROR(history_.RecordLog(
        step, absl::StrCat(std::string(checkpoint.status().message()), "; the checkpoint before is used")));
    std::error_code ignored;  // the next checkpoint of this step replaces it
    fs::remove(path, ignored);
  }
  return std::nullopt;
}

std::string JobDirectory::ExportPath(uint64_t step) const { return absl::StrCat(path_, "/exports/", step); }

absl::Status PublishModelFolder(const std::string& path, const JobDirectory::Writer& write_model,
                                const std::string& model_json) {
  return PublishFolderWith(path, [&](const std::string& folder) -> absl::Status {
    GANSERVE_RETURN_IF_ERROR(write_model(absl::StrCat(folder, "/model.pt")));
    return PublishFile(absl::StrCat(folder, "/model.json"), model_json);
  });
}

}  // namespace ganserve
