// The seam between promotion and the training jobs.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "absl/status/statusor.h"

namespace ganserve {

class GeneratorExporter {
 public:
  virtual ~GeneratorExporter() = default;

  // Writes the generator of a job's checkpoint (absent: the last) as the folder `out_folder`, {model.pt, model.json},
  // which appears complete or not at all, and returns the checkpoint's step. Its parent exists. Blocks, for seconds;
  // returns early, with CANCELLED, once `stop` is requested.
  //   ALREADY_EXISTS       `out_folder` is there: another replica took that version
  //   NOT_FOUND            no such job or checkpoint
  //   FAILED_PRECONDITION  the job has no checkpoint yet; the message names its state
  virtual absl::StatusOr<uint64_t> Export(const std::string& job_id, std::optional<uint64_t> checkpoint_step,
                                          const std::string& out_folder, std::stop_token stop) = 0;
};

}  // namespace ganserve
