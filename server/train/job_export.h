// Generators that are exported other than at the end of a run. The header is free of torch.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "server/train/checkpoint_files.h"
#include "server/train/job_directory.h"
#include "server/train/model_description.h"
#include "server/train/train_settings.h"

namespace ganserve {

// Exports a generator with its initial weights as step 0, with the batch norm statistics that these weights have.
absl::Status ExportUntrained(const TrainSettings& settings, const Provenance& provenance, JobDirectory* job);

// Exports the averaged generator of a checkpoint of a job with these settings as `out`/{model.pt, model.json}: with as
// many threads as the job's the bytes that the job itself exports at this step. Errors: ALREADY_EXISTS when `out`
// does; DATA_LOSS when the checkpoint is one of other networks; INTERNAL when torch fails or an image of the export
// differs from the module's; those of files.
absl::Status ExportCheckpoint(TrainSettings settings, const Checkpoint& checkpoint, const Provenance& provenance,
                              const std::string& out);

}  // namespace ganserve
