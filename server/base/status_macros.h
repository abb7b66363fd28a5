// Propagation of absl::Status, as absl itself does not yet offer it in the release that Debian 12 carries.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Evaluates an expression of type absl::Status and returns from the enclosing function unless it is OK.
#define GANSERVE_RETURN_IF_ERROR(expression)                                  \
  do {                                                                        \
    if (absl::Status ganserve_status = (expression); !ganserve_status.ok()) { \
      return ganserve_status;                                                 \
    }                                                                         \
  } while (false)

#define GANSERVE_CONCAT_INNER(a, b) a##b
#define GANSERVE_CONCAT(a, b) GANSERVE_CONCAT_INNER(a, b)

// GANSERVE_ASSIGN_OR_RETURN(auto x, F()): x becomes the value of the absl::StatusOr, or its status is returned.
#define GANSERVE_ASSIGN_OR_RETURN(lhs, expression) \
  GANSERVE_ASSIGN_OR_RETURN_IMPL(GANSERVE_CONCAT(ganserve_statusor_, __LINE__), lhs, expression)
#define GANSERVE_ASSIGN_OR_RETURN_IMPL(statusor, lhs, expression) \
  auto statusor = (expression);                                   \
  if (!statusor.ok()) return std::move(statusor).status();        \
  lhs = *std::move(statusor)
