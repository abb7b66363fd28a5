// The picture of a job's training: losses above, the discriminator's scores below.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "client/plot/canvas.h"
#include "client/plot/loss_history.h"

namespace ganserve::plot {

// The file. FAILED_PRECONDITION if the history has no losses. Losses far from the others are cut off, and the picture
// says so.
absl::StatusOr<std::string> DrawLossChart(const LossHistory& history, const std::string& title, PictureFormat format);

}  // namespace ganserve::plot
