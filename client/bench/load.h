// Puts a load on a server and measures what comes back, with one thread for the calls however many there are, so that a
// server on the same machine keeps its processors.
#pragma once

#include <stop_token>

#include "absl/status/statusor.h"
#include "client/bench/load_plan.h"
#include "client/bench/load_report.h"
#include "client/client_options.h"

namespace ganserve::bench {

// Blocks until the load is over and every call has ended. Nothing is tried again: failed calls are counted. A stop ends
// it early, with the report of what there was. INVALID_ARGUMENT for a plan or options of no use; UNAVAILABLE if no
// connection comes about within the deadline of a call.
absl::StatusOr<LoadReport> RunLoad(const LoadPlan& plan, const client::ClientOptions& options, std::stop_token stop);

}  // namespace ganserve::bench
