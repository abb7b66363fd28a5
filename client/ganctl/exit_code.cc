#include "client/ganctl/exit_code.h"

#include <cstdio>

#include "absl/strings/str_cat.h"

namespace ganserve::ganctl {
namespace {

// Marks a FileError.
constexpr char kFileError[] = "ganctl/file_error";

}  // namespace

absl::Status FileError(const std::string& message) {
  absl::Status status = absl::FailedPreconditionError(message);
  status.SetPayload(kFileError, absl::Cord());
  return status;
}

void PrintNote(const std::string& message) {
  std::string line = absl::StrCat("ganctl: ", message);
  for (char& c : line) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  std::fprintf(stderr, "%s\n", line.c_str());
}

ExitCode ReportError(const absl::Status& status, const std::string& server, const std::stop_token& stop) {
  const std::string text = absl::StrCat(absl::StatusCodeToString(status.code()), ": ", status.message());
  if (stop.stop_requested()) {
    PrintNote("interrupted");
    return kInterrupted;
  }
  if (status.code() == absl::StatusCode::kUnavailable) {
    PrintNote(absl::StrCat("no answer from ", server, ": ", text));
    return kUnavailable;
  }
  PrintNote(status.GetPayload(kFileError) ? std::string(status.message()) : text);
  return kFailed;
}

ExitCode ReportUsage(const std::string& message, const std::string& command) {
  PrintNote(absl::StrCat(message, " (see ", command, " --help)"));
  return kUsage;
}

}  // namespace ganserve::ganctl
