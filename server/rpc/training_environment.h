// What the handlers of TrainingService share; everything referred to outlives the gRPC server.
#pragma once

#include "absl/status/status.h"
#include "server/jobs/train_supervisor.h"
#include "server/rpc/call.h"

namespace ganserve {

struct TrainingEnvironment {
  CallEnvironment call;
  TrainSupervisor* supervisor = nullptr;  // null: this server does not train

  // Of a call that has begun: whether it may go on.
  absl::Status Admit(const Call& admitted) const {
    if (absl::Status status = admitted.Authorize(); !status.ok()) return status;
    if (supervisor != nullptr) return absl::OkStatus();
    return absl::FailedPreconditionError("this server does not train; it was started without --jobs");
  }
};

}  // namespace ganserve
