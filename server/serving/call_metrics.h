// What the RPC layer reports about itself: one pair of calls per RPC. server/metrics implements it for Prometheus; the
// default does nothing. Called from any thread; cheap.
#pragma once

#include <chrono>
#include <string_view>

#include "absl/status/status.h"

namespace ganserve {

class CallMetrics {
 public:
  using Seconds = std::chrono::duration<double>;

  virtual ~CallMetrics() = default;

  // `method` is the short name ("Generate"). Implementations report names that they don't know as "other", so that a
  // caller who invents names makes no new series.
  virtual void CallStarted(std::string_view /*method*/) {}

  // Exactly once for every CallStarted, with the same method. `code` is what the caller was answered; a call that went
  // away unanswered is kCancelled. `latency` is from the call's arrival to the end of its answer.
  virtual void CallFinished(std::string_view /*method*/, absl::StatusCode /*code*/, Seconds /*latency*/) {}
};

}  // namespace ganserve
