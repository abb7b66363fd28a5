#include "server/train/job_directory.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/base/publish.h"
#include "server/base/status_macros.h"
#include "server/jobs/event_log.h"
#include "server/train/checksum_trailer.h"

namespace ganserve {
namespace {

namespace fs = std::filesystem;

constexpr char kCheckpointSuffix[] = ".ckpt";
// The newest, and the one before in case the newest is the one that diverged.
constexpr size_t kKeptCheckpoints = 2;

v1::TrainJobState ToProto(JobState state) {
  switch (state) {
    case JobState::kRunning:
      return v1::TRAIN_JOB_STATE_RUNNING;
    case JobState::kSucceeded:
      return v1::TRAIN_JOB_STATE_SUCCEEDED;
    case JobState::kStopped:
      return v1::TRAIN_JOB_STATE_PAUSED;
    case JobState::kFailed:
      return v1::TRAIN_JOB_STATE_FAILED;
  }
  return v1::TRAIN_JOB_STATE_UNSPECIFIED;
}

v1::TrainEvent EventAt(uint64_t step) {
  v1::TrainEvent event;
  event.set_step(step);
  return event;
}

// By step, ascending. Temporary and foreign files are no checkpoints.
std::map<uint64_t, std::string> Checkpoints(const std::string& job) {
  std::map<uint64_t, std::string> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(fs::path(job) / "checkpoints", error)) {
    uint64_t step = 0;
    const fs::path& path = entry.path();
    if (path.extension() == kCheckpointSuffix && absl::SimpleAtoi(path.stem().string(), &step))
      found[step] = path.string();
  }
  return found;
}

// What PublishFile and PublishFolderWith of a killed process left. The caller is the directory's only writer.
void RemoveTemporaries(const std::string& job) {
  for (const char* part : {"", "checkpoints", "samples", "exports"}) {
    std::vector<fs::path> found;
    std::error_code ignored;  // what stays is only a waste of space
    for (const auto& entry : fs::directory_iterator(fs::path(job) / part, ignored)) {
      if (IsTemporaryName(entry.path().filename().string())) found.push_back(entry.path());
    }
    for (const fs::path& path : found) fs::remove_all(path, ignored);
  }
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return absl::NotFoundError(absl::StrCat(path, ": cannot open"));
  std::string bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (stream.bad()) return absl::UnavailableError(absl::StrCat(path, ": cannot read"));
  return bytes;
}

}  // namespace

absl::StatusOr<JobDirectory> JobDirectory::Create(const std::string& path, const std::string& spec) {
  std::error_code error;
  if (fs::exists(fs::path(path) / "spec", error)) {
    return absl::AlreadyExistsError(
        absl::StrCat(path, ": holds a training job already; choose another folder or --resume"));
  }
  for (const char* folder : {"checkpoints", "samples", "exports"}) {
    GANSERVE_RETURN_IF_ERROR(MakeFolders(absl::StrCat(path, "/", folder)));
  }
  GANSERVE_RETURN_IF_ERROR(PublishFile(absl::StrCat(path, "/spec"), spec));
  return OpenEvents(path);
}

absl::StatusOr<JobDirectory> JobDirectory::Open(const std::string& path) {
  std::error_code error;
  if (!fs::exists(fs::path(path) / "spec", error)) {
    return absl::NotFoundError(absl::StrCat(path, ": holds no training job to resume"));
  }
  RemoveTemporaries(path);
  return OpenEvents(path);
}

absl::StatusOr<JobDirectory> JobDirectory::OpenEvents(const std::string& path) {
  GANSERVE_ASSIGN_OR_RETURN(EventLog events, EventLog::Open(absl::StrCat(path, "/events")));
  JobDirectory job(path, std::make_unique<EventLog>(std::move(events)));
  GANSERVE_RETURN_IF_ERROR(job.FindHistory());
  return job;
}

absl::Status JobDirectory::FindHistory() {
  GANSERVE_ASSIGN_OR_RETURN(const EventLogContents contents, ReadEventLog(absl::StrCat(path_, "/events")));
  for (const v1::TrainEvent& event : contents.events) {
    if (event.has_rollback()) told_rollbacks_ = static_cast<int>(event.rollback().count());
    told_[event.event_case()] = {told_rollbacks_, event.step()};
  }
  return absl::OkStatus();
}

absl::Status JobDirectory::AppendOnce(v1::TrainEvent event) {
  const Position position{rollbacks_, event.step()};
  const auto told = told_.find(event.event_case());
  if (told != told_.end() && position <= told->second) return absl::OkStatus();
  told_[event.event_case()] = position;
  return events_->Append(std::move(event));
}

JobDirectory::JobDirectory(std::string path, std::unique_ptr<EventLog> events)
    : path_(std::move(path)), events_(std::move(events)) {}
JobDirectory::JobDirectory(JobDirectory&&) noexcept = default;
JobDirectory& JobDirectory::operator=(JobDirectory&&) noexcept = default;
JobDirectory::~JobDirectory() = default;

absl::Status JobDirectory::RecordState(uint64_t step, JobState state, const std::string& message) {
  v1::TrainEvent event = EventAt(step);
  event.mutable_state_change()->set_state(ToProto(state));
  event.mutable_state_change()->set_message(message);
  return events_->Append(std::move(event));
}

absl::Status JobDirectory::RecordLosses(uint64_t step, const LossReport& losses) {
  v1::TrainEvent event = EventAt(step);
  event.set_epoch(static_cast<uint32_t>(losses.epoch));
  v1::TrainLosses& out = *event.mutable_losses();
  out.set_epochs(static_cast<uint32_t>(losses.epochs));
  out.set_batch(static_cast<uint32_t>(losses.batch));
  out.set_batches(static_cast<uint32_t>(losses.batches));
  out.set_discriminator_loss(losses.discriminator_loss);
  out.set_generator_loss(losses.generator_loss);
  out.set_real_score(losses.real_score);
  out.set_fake_score(losses.fake_score);
  out.set_discriminator_gradient_norm(losses.discriminator_gradient_norm);
  out.set_generator_gradient_norm(losses.generator_gradient_norm);
  return AppendOnce(std::move(event));
}

absl::Status JobDirectory::RecordLog(uint64_t step, const std::string& line) {
  v1::TrainEvent event = EventAt(step);
  event.mutable_log_line()->set_text(line);
  return events_->Append(std::move(event));
}

absl::Status JobDirectory::RecordRollback(uint64_t step, int count, double learning_rate_factor) {
  rollbacks_ = count;
  if (count <= told_rollbacks_) return absl::OkStatus();
  told_rollbacks_ = count;
  v1::TrainEvent event = EventAt(step);
  event.mutable_rollback()->set_count(static_cast<uint32_t>(count));
  event.mutable_rollback()->set_learning_rate_factor(learning_rate_factor);
  return events_->Append(std::move(event));
}

absl::Status JobDirectory::PublishSample(uint64_t step, const std::string& png) {
  v1::TrainEvent event = EventAt(step);
  const std::string name = absl::StrCat("samples/", step, ".png");
  event.mutable_sample()->set_path(name);
  GANSERVE_RETURN_IF_ERROR(PublishFile(absl::StrCat(path_, "/", name), png));
  return AppendOnce(std::move(event));
}

absl::Status JobDirectory::PublishCheckpoint(uint64_t step, absl::string_view contents) {
  v1::TrainEvent event = EventAt(step);
  const std::string name = absl::StrCat("checkpoints/", step, kCheckpointSuffix);
  event.mutable_checkpoint()->set_path(name);
  event.mutable_checkpoint()->set_step(step);
  GANSERVE_RETURN_IF_ERROR(PublishFile(absl::StrCat(path_, "/", name), WithChecksum(contents)));
  GANSERVE_RETURN_IF_ERROR(AppendOnce(std::move(event)));
  RemoveOldCheckpoints();
  return absl::OkStatus();
}

absl::Status JobDirectory::PublishExport(uint64_t step, const Writer& write_model, const std::string& model_json) {
  v1::TrainEvent event = EventAt(step);
  event.mutable_export_()->set_path(absl::StrCat("exports/", step));
  const auto write = [&](const std::string& folder) -> absl::Status {
    GANSERVE_RETURN_IF_ERROR(write_model(absl::StrCat(folder, "/model.pt")));
    return PublishFile(absl::StrCat(folder, "/model.json"), model_json);
  };
  const absl::Status status = PublishFolderWith(ExportPath(step), write);
  if (!status.ok() && !absl::IsAlreadyExists(status)) return status;
  // Also for one that exists: its process may have been killed before it told.
  GANSERVE_RETURN_IF_ERROR(AppendOnce(std::move(event)));
  return status;
}

absl::StatusOr<std::optional<JobDirectory::Checkpoint>> JobDirectory::ReadLastCheckpoint() {
  const auto checkpoints = Checkpoints(path_);
  for (auto newest = checkpoints.rbegin(); newest != checkpoints.rend(); ++newest) {
    const auto& [step, path] = *newest;
    GANSERVE_ASSIGN_OR_RETURN(const std::string file, ReadFile(path));
    absl::StatusOr<std::string> contents = WithoutChecksum(file);
    if (contents.ok()) return Checkpoint{step, path, *std::move(contents)};
    GANSERVE_RETURN_IF_ERROR(RecordLog(
        step, absl::StrCat(path, ": ", std::string(contents.status().message()), "; the checkpoint before is used")));
    std::error_code ignored;  // the next checkpoint of this step replaces it
    fs::remove(path, ignored);
  }
  return std::nullopt;
}

absl::StatusOr<std::string> JobDirectory::ReadSpec() const { return ReadFile(absl::StrCat(path_, "/spec")); }

void JobDirectory::RemoveOldCheckpoints() const {
  auto checkpoints = Checkpoints(path_);
  while (checkpoints.size() > kKeptCheckpoints) {
    std::error_code ignored;  // an old checkpoint that stays is only a waste of space
    fs::remove(checkpoints.begin()->second, ignored);
    checkpoints.erase(checkpoints.begin());
  }
}

std::string JobDirectory::ExportPath(uint64_t step) const { return absl::StrCat(path_, "/exports/", step); }

}  // namespace ganserve
