// Following a job to its end, or until the one who follows it has enough.
#pragma once

#include <memory>

#include "client/ganctl/command.h"
#include "client/ganctl/exit_code.h"
#include "client/ganctl/train_follower.h"
#include "client/train_stream.h"
#include "client/training_client.h"

namespace ganserve::ganctl {

// Reads `stream`, whose call stops with `context.stop`, and shows it through `follower`. Ctrl-C asks at a terminal
// whether to detach or to cancel; cancelling follows the job to its end, and a further Ctrl-C detaches. Says how to
// come back to a job that goes on. Returns kOk for a job that succeeded (kFailed if samples of it could not be saved)
// or from which the user chose to detach, kJobFailed, kJobCancelled, kInterrupted, or that of an error.
ExitCode FollowJob(const client::TrainingClient& client, std::unique_ptr<client::TrainStream> stream,
                   TrainFollower& follower, const CommandContext& context);

// What to say when a job that was to be started did not answer: with the request id the same command attaches to it.
// Nothing if no request can have reached the server.
void PrintHowToTryAgain(const client::TrainStream& stream);

}  // namespace ganserve::ganctl
