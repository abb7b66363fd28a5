// What the exceptions of torch and of the standard library become. The header is free of torch.
#pragma once

#include <exception>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace ganserve {

// The cause in one line, without torch's backtrace and TorchScript's listing of the code.
std::string CauseOf(const std::exception& error);

// Whether memory ran out, which is no fault of the input: another attempt may do. TorchScript's interpreter throws an
// exception of its own with the text of the first one, so the text counts where the type says nothing.
bool IsOutOfMemory(const std::exception& error);

// INTERNAL: "<doing> failed: <cause>".
absl::Status ComputationError(absl::string_view doing, const std::exception& error);

}  // namespace ganserve
