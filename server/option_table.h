// The one list of the server's options: the parser, the environment, the configuration file, --help and the log all
// read it.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/options.h"

namespace ganserve {

enum class OptionUnit { kNone, kImages, kBytes };

using OptionField =
    std::variant<std::string ServerOptions::*, bool ServerOptions::*, int64_t ServerOptions::*,
                 std::chrono::milliseconds ServerOptions::*, std::vector<TokenFileOption> ServerOptions::*,
                 LogFormat ServerOptions::*, LogLevel ServerOptions::*>;

struct OptionSpec {
  absl::string_view group;
  absl::string_view name;         // as in --name
  absl::string_view placeholder;  // what --help writes for the value
  OptionField field;
  absl::string_view help;
  // For numbers, in the unit, and for durations, in milliseconds: both ends are allowed.
  int64_t min = 0;
  int64_t max = 0;
  OptionUnit unit = OptionUnit::kNone;
  absl::string_view zero_means = "";  // what --help says for a default of 0
};

// In the order of --help: groups are contiguous.
std::span<const OptionSpec> OptionTable();

// "max-batch-images" -> "GANSERVE_MAX_BATCH_IMAGES".
std::string EnvironmentName(absl::string_view option_name);

}  // namespace ganserve
