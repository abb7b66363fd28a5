// The `events` file of a job directory: proto/ganserve/v1/trainer_events.proto fixes its format.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ganserve/v1/trainer_events.pb.h"
#include "server/base/unique_fd.h"

namespace ganserve {

// Appends events. Used by one thread; one writer a file.
class EventLog {
 public:
  // Creates the file or opens it to go on: a torn record at its end is cut off, and numbering continues after the last
  // event.
  static absl::StatusOr<EventLog> Open(const std::string& path);

  // Writes the event with the next sequence number and the present time, and makes it durable before it returns.
  absl::Status Append(v1::TrainerEvent event);

  uint64_t last_sequence() const { return last_sequence_; }

 private:
  EventLog(std::string path, UniqueFd fd, uint64_t last_sequence)
      : path_(std::move(path)), fd_(std::move(fd)), last_sequence_(last_sequence) {}

  std::string path_;
  UniqueFd fd_;
  uint64_t last_sequence_;
};

struct EventLogContents {
  std::vector<v1::TrainerEvent> events;
  uint64_t valid_bytes = 0;  // length of the intact records
  bool torn = false;         // something follows them that is not an intact record
};

// Errors: NOT_FOUND when there is no such file; DATA_LOSS when intact records have a gap in their sequence numbers.
absl::StatusOr<EventLogContents> ReadEventLog(const std::string& path);

}  // namespace ganserve
