// Trains a DCGAN and publishes what comes of it in a job directory. The header is free of torch.
#pragma once

#include <atomic>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/train/image_set.h"
#include "server/train/job_directory.h"
#include "server/train/train_console.h"
#include "server/train/train_options.h"

namespace ganserve {

struct TrainOutcome {
  bool stopped = false;  // by `stop`, before the last epoch's end
  uint64_t steps = 0;
  std::string export_path;
};

// Trains until all epochs are done or `stop` becomes true (looked at between steps), then exports. Reports, sample
// grids and checkpoints come on the way. The weights depend on options, data and the number of threads alone: a run
// that was stopped and resumed ends with the same. `data` has the shape that `options` asks for; `command` goes into
// the export's provenance. Errors: INVALID_ARGUMENT when the data has fewer images than a batch; ABORTED when
// training diverged once more than `options.max_rollbacks`; RESOURCE_EXHAUSTED when the disk is full; those of files.
// The job's events end with a terminal state in every case.
absl::StatusOr<TrainOutcome> Train(const TrainOptions& options, const ImageSet& data, const std::string& command,
                                   const std::atomic<bool>& stop, JobDirectory* job, TrainConsole* console);

// Exports a generator with its initial weights as step 0, with the batch norm statistics that these weights have.
absl::StatusOr<std::string> ExportUntrained(const TrainOptions& options, const std::string& command, JobDirectory* job);

// Sets the number of torch's threads for the process; 0: one per core.
void SetTorchThreads(int threads);

}  // namespace ganserve
