// How one event becomes one line. Separate from where the line goes, so that tests need no stderr.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "server/log/log.h"

namespace ganserve {

// The line without its newline. Times are RFC 3339 in UTC with milliseconds.
//   text: 2026-11-25T00:39:48.123Z INFO model loaded model=digits note="two words"
//   JSON: {"time":"2026-11-25T00:39:48.123Z","level":"info","message":"model loaded","model":"digits"}
// Control characters (C0, DEL, C1) and the line separators U+2028 and U+2029 are escaped and bytes that are not UTF-8
// become U+FFFD, in both formats: the result is always one line of valid UTF-8.
std::string FormatLogLine(LogFormat format, std::chrono::system_clock::time_point time, LogLevel level,
                          std::string_view message, std::span<const LogField> fields);

}  // namespace ganserve
