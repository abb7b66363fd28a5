// Compares two generators on the data of a training job, by ganserve-eval.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "absl/status/status.h"

namespace ganserve {

struct ComparisonOptions {
  std::string evaluator;            // the ganserve-eval executable
  std::string jobs;                 // folder of all jobs
  std::string data_root;            // folder of the data sets that they name
  uint64_t memory_limit_bytes = 0;  // of the evaluator's private memory; 0: none
};

// Whether the generator in the folder `candidate` is not worse than that in `incumbent`, by more than chance explains.
// The samples and the extractor are those of the job's spec.
//   FAILED_PRECONDITION  it is worse, or they can't be compared; says why
//   NOT_FOUND            no such job
//   INTERNAL             the evaluator failed otherwise
//   UNAVAILABLE          `stop` was requested
absl::Status CheckNotWorse(const ComparisonOptions& options, const std::string& job_id, const std::string& candidate,
                           const std::string& incumbent, std::stop_token stop);

}  // namespace ganserve
