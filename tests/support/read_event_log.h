// A job's events, read whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/jobs/event_reader.h"

namespace ganserve {

struct EventLogContents {
  std::vector<v1::TrainEvent> events;
  uint64_t valid_bytes = 0;  // length of the intact records
  bool torn = false;         // something follows them that is not an intact record
};

// Errors: NOT_FOUND when there is no such file; DATA_LOSS when intact records have a gap in their sequence numbers.
inline absl::StatusOr<EventLogContents> ReadEventLog(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return absl::NotFoundError(absl::StrCat(path, ": cannot open"));
  EventReader reader(path);
  EventLogContents contents;
  while (true) {
    GANSERVE_ASSIGN_OR_RETURN(auto event, reader.Next());
    if (!event) break;
    contents.events.push_back(*std::move(event));
  }
  contents.valid_bytes = reader.offset();
  contents.torn = reader.BytesLeft() > 0;
  return contents;
}

}  // namespace ganserve
