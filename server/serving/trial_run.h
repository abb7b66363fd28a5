// Forward passes whose images nobody sees: they prepare kernels, and show whether a generator works and what it takes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "server/serving/generator.h"

namespace ganserve {

// One pass on latents such as callers get: a model may not take others. The error is the generator's.
absl::Status RunOnce(Generator& generator, size_t images);

// How much memory passes take, by what is resident at their peak. Other threads of the process should rest meanwhile.
class PassMemory {
 public:
  // What is resident now takes part in no measurement.
  PassMemory();

  // The most bytes that one pass of so many images had beyond what was resident at the start. It runs on a thread of
  // its own, as a worker's does, whose memory comes from no other's. 0 for a generator that fails.
  uint64_t Measure(Generator& generator, size_t images) const;

  uint64_t resident_bytes() const { return resident_bytes_; }

 private:
  const uint64_t resident_bytes_;
};

}  // namespace ganserve
