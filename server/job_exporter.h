// Exports the generators of training jobs, by a trainer of its own for each.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "server/serving/generator_exporter.h"

namespace ganserve {

// Knows jobs only by their directories, so it needs nothing of the supervisor and disturbs no trainer at work.
class JobExporter final : public GeneratorExporter {
 public:
  // The ganserve-trainer executable, the folder of all jobs, and the limit of an export's private memory, 0 for none.
  // No jobs: every export is FAILED_PRECONDITION.
  JobExporter(std::string trainer, std::string jobs, uint64_t memory_limit_bytes)
      : trainer_(std::move(trainer)), jobs_(std::move(jobs)), memory_limit_bytes_(memory_limit_bytes) {}

  absl::StatusOr<uint64_t> Export(const std::string& job_id, std::optional<uint64_t> checkpoint_step,
                                  const std::string& out_folder, std::stop_token stop) override;

 private:
  const std::string trainer_;
  const std::string jobs_;
  const uint64_t memory_limit_bytes_;
};

}  // namespace ganserve
