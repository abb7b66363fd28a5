// A GeneratorComparer that finds what a test tells it to.
#pragma once

#include <string>
#include <vector>

#include "server/serving/generator_comparer.h"

namespace ganserve {

// One thread at a time.
class FakeComparer final : public GeneratorComparer {
 public:
  struct Call {
    std::string job_id;
    std::string candidate;
    std::string incumbent;
  };

  absl::Status CheckNotWorse(const std::string& job_id, const std::string& candidate, const std::string& incumbent,
                             std::stop_token) override {
    calls.push_back({job_id, candidate, incumbent});
    return status;
  }

  absl::Status status;
  std::vector<Call> calls;
};

}  // namespace ganserve
