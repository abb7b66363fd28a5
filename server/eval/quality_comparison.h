// Whether one generator is worse than another, beyond chance.
#pragma once

#include <optional>
#include <string>

#include "server/eval/quality_report.h"

namespace ganserve {

// Why `candidate` is worse than `incumbent`, in one line; nothing when it is not, or when chance may explain the
// difference. Both measured by one QualityMeter with equally many samples. By FID: worse when the difference exceeds
// the 95 % interval of a difference of two independent measures, the root of the sum of their squared half widths.
// Without an extractor by the sliced Wasserstein distance: worse when more than 5 % larger.
std::optional<std::string> WorseThan(const QualityReport& candidate, const QualityReport& incumbent);

}  // namespace ganserve
