// The seam between promotion and the measuring of generators.
#pragma once

#include <stop_token>
#include <string>

#include "absl/status/status.h"

namespace ganserve {

class GeneratorComparer {
 public:
  virtual ~GeneratorComparer() = default;

  // Measures two versions' folders, {model.pt, model.json}, alike, on the data of a job. Blocks, for some ten seconds;
  // ends early, with UNAVAILABLE, once `stop` is requested.
  //   FAILED_PRECONDITION  the candidate is worse, by more than chance explains; or they can't be compared
  //   NOT_FOUND            no such job
  virtual absl::Status CheckNotWorse(const std::string& job_id, const std::string& candidate,
                                     const std::string& incumbent, std::stop_token stop) = 0;
};

}  // namespace ganserve
