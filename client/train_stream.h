// The events of one training job until its end, as if the connection never broke.
//
// A stream that breaks, or that the server ends before the job has ended, goes on with the event after the last one:
// events are numbered without gaps. So no event comes twice and none is left out but those that a GapMarker stands for.
// Not thread-safe; CallOptions::stop may be requested from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "client/call_options.h"
#include "ganserve/v1/training.pb.h"

namespace ganserve::client {

class Session;

class TrainStream {
 public:
  // Made by TrainingClient. Nothing is sent before the first Next. The first one starts a job, or attaches to that of
  // its request id; the second one follows a job from the event after `after_sequence`.
  TrainStream(std::shared_ptr<const Session> session, v1::TrainJobRequest request, const CallOptions& call);
  TrainStream(std::shared_ptr<const Session> session, v1::WatchTrainJobRequest request, const CallOptions& call);
  // Stops following; the job goes on.
  ~TrainStream();

  // Waits for the next event. False at the end, good or bad. The first answer has the attempts of RetryPolicy; once
  // events have come, 120 attempts are made to come back, which is 10 minutes at its default pauses.
  [[nodiscard]] bool Next(v1::TrainEvent* event);

  // Has `told` called by Next when the connection breaks after an event, before it waits to try again; not again until
  // the next event, which shows that the connection is back.
  void OnBreak(std::function<void()> told);

  // How the stream ended, after Next returned false: OK after the terminal event, or at once if
  // `after_sequence` was that. Before that, stops following:
  // CANCELLED. INTERNAL if the server left events out.
  absl::Status Finish();

  // Empty until the first event of a job that was started here.
  const std::string& job_id() const;

  // Of the job that is started; empty for one that is only followed.
  const std::string& request_id() const;

  // Whether a request to start the job may have reached the server, although nothing may have come back. False as long
  // as no connection could be made.
  bool may_have_started() const;

  // Of the last event delivered.
  uint64_t last_sequence() const;

  // How the job ended; nothing before its terminal event.
  const std::optional<v1::TrainTerminal>& terminal() const;

  // Attempts made and the id of the last call, known once the stream has ended.
  const CallInfo& call() const;

 private:
  class State;

  const std::unique_ptr<State> state_;
};

}  // namespace ganserve::client
