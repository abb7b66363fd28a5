#include "server/jobs/job_state.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace ganserve {
namespace {

struct Transition {
  v1::TrainJobState from;
  v1::TrainJobState to;
};

constexpr v1::TrainJobState kQueued = v1::TRAIN_JOB_STATE_QUEUED;
constexpr v1::TrainJobState kStarting = v1::TRAIN_JOB_STATE_STARTING;
constexpr v1::TrainJobState kRunning = v1::TRAIN_JOB_STATE_RUNNING;
constexpr v1::TrainJobState kPaused = v1::TRAIN_JOB_STATE_PAUSED;
constexpr v1::TrainJobState kCancelling = v1::TRAIN_JOB_STATE_CANCELLING;
constexpr v1::TrainJobState kCancelled = v1::TRAIN_JOB_STATE_CANCELLED;
constexpr v1::TrainJobState kSucceeded = v1::TRAIN_JOB_STATE_SUCCEEDED;
constexpr v1::TrainJobState kFailed = v1::TRAIN_JOB_STATE_FAILED;

constexpr Transition kTransitions[] = {
    {kQueued, kStarting},      {kQueued, kPaused},        {kQueued, kCancelled},  // there is no process to wait for
    {kStarting, kRunning},     {kStarting, kQueued},                              // the server was restarted
    {kStarting, kPaused},      {kStarting, kCancelling},  {kStarting, kFailed},
    {kRunning, kStarting},  // its trainer died and is started again
    {kRunning, kQueued},    // the server was restarted
    {kRunning, kPaused},       {kRunning, kCancelling},   {kRunning, kSucceeded},
    {kRunning, kFailed},       {kPaused, kQueued},        {kPaused, kCancelled},
    {kPaused, kCancelling},                                // its trainer, in another pod, has not ended yet
    {kCancelling, kCancelled}, {kCancelling, kSucceeded},  // it was done before the signal came
};

}  // namespace

bool IsTerminal(v1::TrainJobState state) { return state == kCancelled || state == kSucceeded || state == kFailed; }

std::string TrainJobStateName(v1::TrainJobState state) {
  constexpr std::string_view kPrefix = "TRAIN_JOB_STATE_";
  const std::string& name = v1::TrainJobState_Name(state);
  return name.empty() ? absl::StrCat(static_cast<int>(state)) : name.substr(kPrefix.size());
}

void TellState(v1::TrainJobState state, const std::string& message, v1::TrainEvent* event) {
  if (IsTerminal(state)) {
    event->mutable_terminal()->set_state(state);
    event->mutable_terminal()->set_message(message);
  } else {
    event->mutable_state_change()->set_state(state);
    event->mutable_state_change()->set_message(message);
  }
}

absl::Status CheckTransition(const std::string& job_id, v1::TrainJobState from, v1::TrainJobState to) {
  const auto is_it = [&](const Transition& transition) { return transition.from == from && transition.to == to; };
  if (std::any_of(std::begin(kTransitions), std::end(kTransitions), is_it)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("job ", job_id, " is ", TrainJobStateName(from), " and can't become ", TrainJobStateName(to)));
}

}  // namespace ganserve
