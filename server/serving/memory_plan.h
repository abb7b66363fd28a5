// How a server keeps below its memory limit: what batches may take, and what is left for answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "absl/status/statusor.h"
#include "server/base/memory_limit.h"

namespace ganserve {

struct MemoryNeeds {
  MemoryLimit limit;
  uint64_t resident_bytes = 0;  // of the process with its models, before its first batch
  size_t workers = 1;
  size_t max_batch_images = 1;  // as wished
  uint64_t answer_bytes = 0;    // of the largest call that is allowed: one such call must always fit
};

struct MemoryPlan {
  size_t max_batch_images = 1;  // as wished, or less
  uint64_t worker_bytes = 0;    // a worker's, with batches of that size
  uint64_t answer_bytes = 0;    // for the answers of all accepted calls, at least MemoryNeeds::answer_bytes
};

// Of the limit stays spare: what malloc holds in fragments, the kernel's socket buffers, threads' stacks. One part in
// so many.
inline constexpr uint64_t kSpareParts = 10;

// Tries batches of 1, 2, 4, ... images with `batch_bytes`, which says what one worker takes for such a batch, and takes
// the largest that leaves room for all workers and for `answer_bytes`. A batch is only tried if it should fit when
// memory grows in proportion to it. FAILED_PRECONDITION, with all the numbers and what to change, if not even single
// images fit.
absl::StatusOr<MemoryPlan> PlanMemory(const MemoryNeeds& needs,
                                      const std::function<uint64_t(size_t images)>& batch_bytes);

}  // namespace ganserve
