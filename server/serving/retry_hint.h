// "Try again after": carried by a refusal's absl::Status, so that one place can turn it into gRPC's terms.
#pragma once

#include <chrono>
#include <optional>

#include "absl/status/status.h"

namespace ganserve {

// The status with the hint attached.
absl::Status WithRetryAfter(absl::Status status, std::chrono::milliseconds delay);

// The hint, if the status carries one.
std::optional<std::chrono::milliseconds> RetryAfter(const absl::Status& status);

}  // namespace ganserve
