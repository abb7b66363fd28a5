// The text of option values: durations, byte sizes, numbers, addresses.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/option_table.h"

namespace ganserve {

// "500ms", "30s", "5m", "2h", "0": whole numbers with one unit.
absl::StatusOr<std::chrono::milliseconds> ParseDuration(absl::string_view text);
// The largest unit that leaves a whole number.
std::string FormatDuration(std::chrono::milliseconds duration);

// "4096", "64KiB", "16MiB", "1GiB".
absl::StatusOr<int64_t> ParseBytes(absl::string_view text);
std::string FormatBytes(int64_t bytes);

struct HostPort {
  std::string host;  // an IPv6 address without its brackets
  int port = 0;      // 0..65535
};

// "127.0.0.1:50051", "[::1]:0", "localhost:80".
absl::StatusOr<HostPort> ParseHostPort(absl::string_view text);
bool IsLoopback(const HostPort& address);

// Reads a value into the option's field; the options are untouched on error. An error says what is allowed, not which
// option it is. A list is appended to.
absl::Status SetOption(const OptionSpec& spec, absl::string_view text, ServerOptions* options);
// A text that SetOption would read back.
std::string FormatOption(const OptionSpec& spec, const ServerOptions& options);

}  // namespace ganserve
