#include "client/bench/load_plan.h"

#include "absl/strings/str_cat.h"

namespace ganserve::bench {
namespace {

constexpr uint32_t kMaxCallers = 65'536;
constexpr uint32_t kMaxChannels = 64;
// Calls a second; far above what one process can send.
constexpr double kMaxRate = 1e6;

}  // namespace

absl::Status Validate(const LoadPlan& plan) {
  if (plan.callers < 1 || plan.callers > kMaxCallers) {
    return absl::InvalidArgumentError(absl::StrCat("callers must be 1 to ", kMaxCallers, ", got ", plan.callers));
  }
  if (plan.channels < 1 || plan.channels > kMaxChannels) {
    return absl::InvalidArgumentError(absl::StrCat("channels must be 1 to ", kMaxChannels, ", got ", plan.channels));
  }
  if (!(plan.rate >= 0 && plan.rate <= kMaxRate)) {
    return absl::InvalidArgumentError(absl::StrCat("the rate must be 0 to ", kMaxRate, " calls/s, got ", plan.rate));
  }
  if (plan.max_in_flight < 1) return absl::InvalidArgumentError("at least 1 call must be allowed in flight, got 0");
  if (plan.warmup.count() < 0) return absl::InvalidArgumentError("the warm-up must not be negative");
  if (plan.calls == 0 && plan.duration.count() <= 0) {
    return absl::InvalidArgumentError("the duration must be above 0");
  }
  if (plan.deadline.count() < 0) return absl::InvalidArgumentError("the deadline must not be negative");
  return absl::OkStatus();
}

}  // namespace ganserve::bench
