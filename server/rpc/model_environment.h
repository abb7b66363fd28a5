// What the handlers of ModelService share; everything referred to outlives the gRPC server.
#pragma once

#include "server/rpc/call.h"
#include "server/serving/model_admin.h"

namespace ganserve {

struct ModelEnvironment {
  CallEnvironment call;
  ModelAdmin& models;
};

}  // namespace ganserve
