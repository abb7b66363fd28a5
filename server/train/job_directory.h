// The directory of a training job, which is the interface between the trainer and whoever watches it:
//   spec             the options, JSON
//   events           see event_log.h
//   checkpoints/     <step>.ckpt, what --resume continues from; the newest few
//   samples/         <step>.png, grids of the same latents
//   exports/         <step>/{model.pt, model.json}, ready to be copied as <repository>/<model>/<version>/
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/train/loss_report.h"

namespace ganserve {

class EventLog;

enum class JobState { kRunning, kSucceeded, kStopped, kFailed };

// Used by one thread. An event is appended only after what it tells of is on disk.
class JobDirectory {
 public:
  // Creates `path` with its spec. ALREADY_EXISTS when it holds a job already.
  static absl::StatusOr<JobDirectory> Create(const std::string& path, const std::string& spec);
  // Opens a job to go on with it. NOT_FOUND when there is none.
  static absl::StatusOr<JobDirectory> Open(const std::string& path);

  JobDirectory(JobDirectory&&) noexcept;
  JobDirectory& operator=(JobDirectory&&) noexcept;
  ~JobDirectory();

  absl::Status RecordState(uint64_t step, JobState state, const std::string& message);
  absl::Status RecordLosses(uint64_t step, const LossReport& losses);

  absl::Status PublishSample(uint64_t step, const std::string& png);

  // `write` fills the file that it is given.
  using Writer = std::function<absl::Status(const std::string& path)>;
  absl::Status PublishCheckpoint(uint64_t step, const Writer& write);
  // `write_model` writes model.pt; `model_json` goes beside it.
  absl::Status PublishExport(uint64_t step, const Writer& write_model, const std::string& model_json);

  struct Checkpoint {
    uint64_t step = 0;
    std::string path;
  };
  std::optional<Checkpoint> LastCheckpoint() const;

  absl::StatusOr<std::string> ReadSpec() const;

  const std::string& path() const { return path_; }
  std::string ExportPath(uint64_t step) const;

 private:
  JobDirectory(std::string path, std::unique_ptr<EventLog> events);
  static absl::StatusOr<JobDirectory> OpenEvents(const std::string& path);
  void RemoveOldCheckpoints() const;

  std::string path_;
  std::unique_ptr<EventLog> events_;  // never null, except after a move
};

}  // namespace ganserve
