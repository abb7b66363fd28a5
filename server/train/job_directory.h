// The directory of a training job, which is the interface between the trainer and whoever watches it:
//   spec             the TrainSpec, protobuf JSON (jobs/train_spec.h)
//   events           what happened (jobs/event_log.h)
//   lock             empty; a trainer that runs holds its flock
//   checkpoints/     <step>.ckpt, what a run goes on from; the newest few and the best, with a checksum
//                    (checksum_trailer.h)
//   samples/         <step>.png, grids of the same latents
//   exports/         <step>/{model.pt, model.json}, ready to be copied as <repository>/<model>/<version>/
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/base/unique_fd.h"
#include "server/train/checkpoint_files.h"
#include "server/train/job_history.h"

namespace ganserve {

// The job that this process trains; used by one thread. An event is appended only after what it tells of is on disk. A
// full disk is RESOURCE_EXHAUSTED, and leaves no temporary file and at most a torn record at the end of `events`.
class JobDirectory {
 public:
  // Creates `path` with its spec. ALREADY_EXISTS when it holds a job already; UNAVAILABLE as Open().
  static absl::StatusOr<JobDirectory> Create(const std::string& path, const std::string& spec);
  // Opens a job to go on with it; `supervised` as of JobHistory::Open. Removes what a killed process left half written.
  // NOT_FOUND when there is none; UNAVAILABLE when another trainer has it open.
  static absl::StatusOr<JobDirectory> Open(const std::string& path, bool supervised);

  const std::string& path() const { return path_; }
  JobHistory& history() { return history_; }

  absl::Status ReplaceSpec(const std::string& spec);

  // Publishes and tells.
  absl::Status PublishSample(uint64_t step, const std::string& png);

  // `write` fills the file that it is given.
  using Writer = std::function<absl::Status(const std::string& path)>;
  // Publishes the folder of a step and tells of it at the step `now`, also when the step has been exported before: the
  // step fixes the weights, so what stands there is the same. `write_model` writes model.pt; `model_json` goes beside
  // it.
  absl::Status PublishExport(uint64_t step, uint64_t now, const Writer& write_model, const std::string& model_json);

  // Publishes without telling: what is to be told of a rollback goes first. The facts lack the time.
  absl::StatusOr<CheckpointFacts> PublishCheckpoint(uint64_t step, absl::string_view contents);
  // All but the newest `kept` and, besides them, that of `best`.
  void RemoveOldCheckpoints(size_t kept, std::optional<uint64_t> best) const;

  // The newest intact one, if there is any. A damaged one is removed, with a log event that says so.
  absl::StatusOr<std::optional<Checkpoint>> ReadLastCheckpoint();

  std::string ExportPath(uint64_t step) const;

 private:
  JobDirectory(std::string path, UniqueFd lock, JobHistory history)
      : path_(std::move(path)), lock_(std::move(lock)), history_(std::move(history)) {}
  static absl::StatusOr<JobDirectory> OpenParts(const std::string& path, UniqueFd lock, bool supervised);
  std::string PathOf(const std::string& name) const;

  std::string path_;
  UniqueFd lock_;
  JobHistory history_;
};

// The folder that the trainer and `ganserve-trainer export` publish: model.pt, which `write_model` writes, and
// model.json. ALREADY_EXISTS when `path` does.
absl::Status PublishModelFolder(const std::string& path, const JobDirectory::Writer& write_model,
                                const std::string& model_json);

}  // namespace ganserve
