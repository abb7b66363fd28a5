// Networks as they stood at a checkpoint.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/train/checkpoint_files.h"
#include "server/train/gan.h"
#include "server/train/train_settings.h"

namespace ganserve {

// Gan::Load; the error names the file.
absl::Status LoadGan(const Checkpoint& checkpoint, Gan* gan);

// The averaged generator, in evaluation mode. Whether it has classes depends on the data, so the settings learn it from
// the checkpoint. DATA_LOSS naming the file when it is one of other networks.
absl::StatusOr<std::shared_ptr<GeneratorNetwork>> AveragedGeneratorOf(const Checkpoint& checkpoint,
                                                                      TrainSettings* settings);

}  // namespace ganserve
