// The `events` file of a job directory: records as in event_record.h, whose sequence numbers start at 1 and have no
// gaps. A record that is incomplete or whose checksum fails is a torn write: readers stop before it, and the next
// writer cuts it off.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ganserve/v1/training.pb.h"
#include "server/base/unique_fd.h"
#include "server/jobs/event_reader.h"

namespace ganserve {

// Appends events. An EventLog is used by one thread; any number of them, in any processes, may write one file: each
// append holds the file's flock and first takes note of what the others wrote.
class EventLog {
 public:
  // Creates the file or opens it to go on: a torn record at its end is cut off, and numbering continues after the last
  // event. Errors: as EventReader::Next.
  static absl::StatusOr<EventLog> Open(const std::string& path);

  // Writes the event with the next sequence number (also as `last_sequence` of a terminal event) and the present time,
  // its text made valid (see MakeTextValid), and makes it durable before it returns. On an error the file holds what it
  // held before. Errors: INVALID_ARGUMENT for an event beyond kMaxEventBytes; RESOURCE_EXHAUSTED when the disk or the
  // quota is full; others of the file system.
  absl::Status Append(v1::TrainEvent event);

  // The same unless others have written events after `sequence`: then it writes nothing and is false.
  absl::StatusOr<bool> AppendAfter(uint64_t sequence, v1::TrainEvent event);

  // Of the last event that this writer knows of; others may have written more.
  uint64_t last_sequence() const { return last_sequence_; }

 private:
  EventLog(const std::string& path, UniqueFd fd) : path_(path), fd_(std::move(fd)), reader_(path) {}

  // All four need the file's lock, and AppendLocked that the log has caught up.
  absl::Status CatchUp();
  absl::Status WriteRecord(const std::string& record);
  absl::Status CutOff();
  absl::Status AppendLocked(v1::TrainEvent event);

  std::string path_;
  UniqueFd fd_;
  EventReader reader_;  // at the last record that was there before the last append
  uint64_t last_sequence_ = 0;
};

}  // namespace ganserve
