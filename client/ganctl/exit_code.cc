#include "client/ganctl/exit_code.h"

#include <cstdio>

#include "absl/strings/str_cat.h"

namespace ganserve::ganctl {
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
  PrintNote(text);
  return kFailed;
}

ExitCode ReportUsage(const std::string& message, const std::string& command) {
  PrintNote(absl::StrCat(message, " (see ", command, " --help)"));
  return kUsage;
}

}  // namespace ganserve::ganctl
