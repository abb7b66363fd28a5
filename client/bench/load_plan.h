// What load to put on a server.
#pragma once

#include <chrono>
#include <cstdint>

#include "absl/status/status.h"
#include "ganserve/v1/images.pb.h"

namespace ganserve::bench {

struct LoadPlan {
  // The call to make, again and again; each with the next seed.
  v1::GenerateRequest request;
  bool stream = false;
  // 0: a closed loop, in which each caller makes its next call when it has its answer. Above 0: an open loop, in which
  // this many calls a second start whether answers come or not, and latency counts from when a call was due: a server
  // that stalls is charged for the calls that it held up ("coordinated omission").
  double rate = 0;
  bool poisson = true;
  // Callers of the closed loop, 1 to 65,536.
  uint32_t callers = 1;
  // Calls of the open loop that may be under way at once; what is due beyond that is counted as unsent.
  uint32_t max_in_flight = 10'000;
  // Time before anything counts.
  std::chrono::nanoseconds warmup = std::chrono::seconds(1);
  // What counts then: this time or, if `calls` is not 0, that many calls.
  std::chrono::nanoseconds duration = std::chrono::seconds(10);
  uint64_t calls = 0;
  // The longest a call may take; 0: for ever.
  std::chrono::milliseconds deadline{30'000};
  // Connections over which the calls are spread, 1 to 64.
  uint32_t channels = 1;
};

// INVALID_ARGUMENT names the field, its value and its range.
absl::Status Validate(const LoadPlan& plan);

}  // namespace ganserve::bench
