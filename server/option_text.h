// What a person reads: --help, --print-config, and the option that was probably meant.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/options.h"

namespace ganserve {

// Grouped, at most 100 columns, with defaults, ranges and environment names.
std::string HelpText();

// Every option as a file for --config that says the same. Values that such a file cannot hold are appended to *faults.
std::string ConfigText(const ServerOptions& options, std::vector<std::string>* faults);

// The name of the closest option, or "" if none is close enough to be what was meant.
absl::string_view NearestOption(absl::string_view name);

}  // namespace ganserve
