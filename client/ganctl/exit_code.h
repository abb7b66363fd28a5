// What ganctl tells a script, and the one line it tells a person.
#pragma once

#include <stop_token>
#include <string>

#include "absl/status/status.h"

namespace ganserve::ganctl {

// In ganctl --help and in client/README.md as well.
enum ExitCode : int {
  kOk = 0,
  // The server refused or failed, or a file could not be written.
  kFailed = 1,
  // The command line is wrong; nothing was sent.
  kUsage = 2,
  // The server cannot be reached, is stopping, or is not ready.
  kUnavailable = 3,
  // A stream broke after some images were written.
  kPartial = 4,
  // A job that was followed ended as FAILED, or as CANCELLED.
  kJobFailed = 5,
  kJobCancelled = 6,
  // By SIGINT or SIGTERM.
  kInterrupted = 130,
};

// What is wrong with a file of this machine: FAILED_PRECONDITION, whose code ReportError leaves out, because codes are
// what servers answer.
absl::Status FileError(const std::string& message);

// Prints "ganctl: CODE: message" to standard error and returns kFailed, kUnavailable or, once `stop` is requested,
// kInterrupted. `server` is named where it could not be reached.
ExitCode ReportError(const absl::Status& status, const std::string& server, const std::stop_token& stop);

// Prints "ganctl: message" to standard error, in one line.
void PrintNote(const std::string& message);

// Prints "ganctl: message (see command --help)" and returns kUsage.
ExitCode ReportUsage(const std::string& message, const std::string& command = "ganctl");

}  // namespace ganserve::ganctl
