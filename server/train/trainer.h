// Trains a GAN and publishes what comes of it in a job directory. The header is free of torch.
#pragma once

#include <atomic>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/data/image_set.h"
#include "server/train/job_directory.h"
#include "server/train/model_description.h"
#include "server/train/train_console.h"
#include "server/train/train_settings.h"

namespace ganserve {

struct TrainOutcome {
  bool stopped = false;  // before the last step
  uint64_t steps = 0;
  std::string export_path{};  // empty when stopped
};

// Goes on from the job's last checkpoint, or from the start if it has none, until the last step is done, `stop` becomes
// true or the history says that the job is not wanted (both looked at between steps). Losses, sample grids and
// checkpoints are told on the way, and before all of them one log line that says where the run sets out from. A
// finished run publishes a checkpoint, samples and an export; a stopped one a checkpoint. The weights depend on
// settings, data and the number of threads alone: a run that was stopped and resumed ends with the same. `data` has the
// shape that `settings` asks for; `origin` goes into the export, without its step and time. Errors: INVALID_ARGUMENT
// when the data has fewer images than a batch; DATA_LOSS when the checkpoint is one of other networks; ABORTED when
// training diverged once more than `settings.max_rollbacks`; RESOURCE_EXHAUSTED when the disk is full; those of files.
absl::StatusOr<TrainOutcome> Train(const TrainSettings& settings, const ImageSet& data, const Provenance& origin,
                                   const std::atomic<bool>& stop, JobDirectory* job, TrainConsole* console);

}  // namespace ganserve
