// Compares generators for promotions.
#pragma once

#include <string>
#include <utility>

#include "server/jobs/generator_comparison.h"
#include "server/serving/generator_comparer.h"

namespace ganserve {

// Knows jobs only by the specs in their directories; a ganserve-eval of its own does each comparison.
class JobComparer final : public GeneratorComparer {
 public:
  explicit JobComparer(ComparisonPaths paths) : paths_(std::move(paths)) {}

  absl::Status CheckNotWorse(const std::string& job_id, const std::string& candidate, const std::string& incumbent,
                             std::stop_token stop) override {
    return ganserve::CheckNotWorse(paths_, job_id, candidate, incumbent, std::move(stop));
  }

 private:
  const ComparisonPaths paths_;
};

}  // namespace ganserve
