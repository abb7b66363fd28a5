// A command of ganserve-trainer or ganserve-eval that somebody waits for, as an export or a check of data.
#pragma once

#include <stop_token>
#include <string>

#include "absl/status/statusor.h"
#include "server/jobs/trainer_process.h"

namespace ganserve {

// Runs the command, at a niceness of its own, and waits for its end. `stop` kills it; the error is UNAVAILABLE then,
// unless it has finished before. Other errors: those of TrainerProcess::Start.
absl::StatusOr<TrainerExit> CallTrainer(TrainerCommand command, std::stop_token stop);

// What it said on its standard error, without the name of the program, which means nothing to a client.
std::string TrainerComplaint(const TrainerExit& exit);

}  // namespace ganserve
