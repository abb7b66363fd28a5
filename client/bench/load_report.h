// What a load came to.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "client/bench/latency_histogram.h"
#include "client/bench/load_plan.h"

namespace ganserve::bench {

struct LoadReport {
  // Calls that succeeded, their images, and the bytes of those.
  uint64_t calls = 0;
  uint64_t images = 0;
  uint64_t bytes = 0;
  // Calls that failed, by the name of the status code, and the message of the first one.
  std::map<std::string, uint64_t> errors;
  std::string first_error;
  // Of calls that succeeded.
  LatencyHistogram latency;
  // The time in which these calls ended (closed loop) or were due (open loop, until the last one ended).
  double seconds = 0;
  // Calls of the open loop that were due while too many were under way.
  uint64_t unsent = 0;
  // Processor time of this process, warm-up included.
  double client_cpu_seconds = 0;

  uint64_t failed() const;
};

// For people, about eight lines.
std::string ReportText(const LoadPlan& plan, const LoadReport& report);

// One JSON object: the plan's mode, and per second and in milliseconds what ReportText says.
std::string ReportJson(const LoadPlan& plan, const LoadReport& report);

}  // namespace ganserve::bench
