// The checkpoints of a job directory, checkpoints/<step>.ckpt, for whoever reads them: the trainer that goes on from
// one, and an export beside a running trainer. Nothing here writes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace ganserve {

struct Checkpoint {
  uint64_t step = 0;
  std::string path;
  std::string contents;  // without the checksum
  std::string sha256;    // of the whole file
};

// checkpoints/<step>.ckpt, relative to the job directory.
std::string CheckpointName(uint64_t step);

// Paths by step, ascending. Temporary and foreign files are no checkpoints.
std::map<uint64_t, std::string> ListCheckpoints(const std::string& job);

// NOT_FOUND when there is no such file; DATA_LOSS when it is torn or corrupt.
absl::StatusOr<Checkpoint> ReadCheckpoint(uint64_t step, const std::string& path);

// The checkpoint of a step, or the newest intact one. NOT_FOUND, naming the steps there are, when there is none;
// DATA_LOSS when that of the step is damaged. A trainer may go on at the same time and remove old checkpoints.
absl::StatusOr<Checkpoint> FindCheckpoint(const std::string& job, std::optional<uint64_t> step);

}  // namespace ganserve
