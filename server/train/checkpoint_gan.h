// Networks as they stood at a checkpoint.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/train/checkpoint_files.h"
#include "server/train/gan.h"
#include "server/train/train_settings.h"

namespace ganserve {

// Gan::Load to go on training with the data that `gan` says. Errors name the file: Gan::Load's, and FAILED_PRECONDITION
// when the checkpoint is of other data, with which the job would end elsewhere than if it had not been interrupted.
absl::Status ResumeGan(const Checkpoint& checkpoint, Gan* gan);

// The averaged generator, in evaluation mode. Whether it has classes depends on the data, so the settings learn it from
// the checkpoint. Errors are Gan::Load's, naming the file.
absl::StatusOr<std::shared_ptr<GeneratorNetwork>> AveragedGeneratorOf(const Checkpoint& checkpoint,
                                                                      TrainSettings* settings);

}  // namespace ganserve
