// A cursor on the `events` file of a job, which its trainer and its supervisor go on writing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ganserve/v1/training.pb.h"
#include "server/base/unique_fd.h"

namespace ganserve {

// Used by one thread at a time. Holds one open file and at most a few records of it, however long the file is. What is
// no intact record is not there yet: a write in progress, or a torn one that the next writer cuts off.
class EventReader {
 public:
  // Before the first event. The file need not exist yet.
  explicit EventReader(std::string path) : path_(std::move(path)) {}

  // The next event; none if it has not been written. Errors: DATA_LOSS when events are missing in between; NOT_FOUND
  // when the file has been removed; those of the file system.
  absl::StatusOr<std::optional<v1::TrainEvent>> Next();

  // Passes over the events up to `sequence`. OUT_OF_RANGE when it is beyond the last one; otherwise as Next.
  absl::Status Skip(uint64_t sequence);

  // Of the last event that was read or passed over.
  uint64_t last_sequence() const { return last_sequence_; }

  // Whether that was the terminal one, which none follows.
  bool ended() const { return ended_; }

  // Where in the file the next record begins.
  uint64_t offset() const { return offset_; }

  // Bytes of the file that have not been read; 0 also when that cannot be found out.
  uint64_t BytesLeft() const;

 private:
  absl::Status Open();
  // Reads on until `buffer_` holds `bytes` bytes or the file ends.
  absl::Status Fill(size_t bytes);

  std::string path_;
  UniqueFd fd_;
  std::string buffer_;   // of the file, from offset_
  uint64_t offset_ = 0;  // of the next record
  uint64_t last_sequence_ = 0;
  bool ended_ = false;
};

}  // namespace ganserve
