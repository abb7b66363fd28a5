// The states of a training job and which may follow which. Only the supervisor changes a state.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "ganserve/v1/training.pb.h"

namespace ganserve {

// CANCELLED, SUCCEEDED or FAILED: nothing follows.
bool IsTerminal(v1::TrainJobState state);

// The name without its prefix: "RUNNING".
std::string TrainJobStateName(v1::TrainJobState state);

// Makes an event tell a state: a change of it, or the terminal event of those that nothing follows.
void TellState(v1::TrainJobState state, const std::string& message, v1::TrainEvent* event);

// FAILED_PRECONDITION naming the job and both states unless `to` may follow `from`. No state follows itself.
absl::Status CheckTransition(const std::string& job_id, v1::TrainJobState from, v1::TrainJobState to);

}  // namespace ganserve
