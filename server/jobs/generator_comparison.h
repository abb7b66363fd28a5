// Compares two generators on the data of a training job, by ganserve-eval.
#pragma once

#include <stop_token>
#include <string>

#include "absl/status/status.h"

namespace ganserve {

struct ComparisonPaths {
  std::string evaluator;  // the ganserve-eval executable
  std::string jobs;       // folder of all jobs
  std::string data_root;  // folder of the data sets that they name
};

// As GeneratorComparer::CheckNotWorse; the samples and the extractor are those of the job's spec. INTERNAL: the
// evaluator failed otherwise than by saying why they can't be compared.
absl::Status CheckNotWorse(const ComparisonPaths& paths, const std::string& job_id, const std::string& candidate,
                           const std::string& incumbent, std::stop_token stop);

}  // namespace ganserve
