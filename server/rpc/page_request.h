// What calls that answer page by page have in common (https://google.aip.dev/158).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace ganserve {

// From a request's page_size: 100 for 0. INVALID_ARGUMENT beyond 1,000.
absl::StatusOr<size_t> PageSize(uint32_t page_size);

}  // namespace ganserve
