// From the spec of a job to what the trainer works from.
#pragma once

#include "absl/status/status.h"
#include "ganserve/v1/training.pb.h"
#include "server/train/train_settings.h"

namespace ganserve {

// `spec` must be valid (ValidateTrainSpec); what it leaves open has its default.
TrainSettings SettingsOf(const v1::TrainSpec& spec);

// Whether a job that was started with `before` can go on with `now`: everything that fixes the weights after each step
// must be the same. INVALID_ARGUMENT naming every field that differs with both values.
absl::Status CheckResumable(const v1::TrainSpec& before, const v1::TrainSpec& now);

}  // namespace ganserve
