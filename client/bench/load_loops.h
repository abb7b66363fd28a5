// The two ways to make calls. For the files of client/bench only.
#pragma once

#include <stop_token>
#include <vector>

#include "client/bench/load_call.h"
#include "client/bench/load_plan.h"
#include "client/bench/load_report.h"

namespace ganserve::bench {

// Counts a call that is over: one call in the report, with latency from when it was due until `now`.
void CountCall(const LoadCall& call, std::chrono::steady_clock::time_point now, LoadReport& report);

// Callers that each make their next call when the last one has ended. With a duration, calls count that end in it; with
// a number of calls, those that start after the warm-up.
LoadReport RunClosedLoop(const LoadPlan& plan, const std::vector<LoadTarget>& targets, const std::stop_token& stop);

// Calls that start when they are due. Those count that are due after the warm-up.
LoadReport RunOpenLoop(const LoadPlan& plan, const std::vector<LoadTarget>& targets, const std::stop_token& stop);

}  // namespace ganserve::bench
