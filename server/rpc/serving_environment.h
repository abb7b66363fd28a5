// What the handlers of ImageService share; everything referred to outlives the gRPC server.
#pragma once

#include <string>

#include "server/rpc/call.h"
#include "server/rpc/request_check.h"
#include "server/serving/batcher.h"
#include "server/serving/model_directory.h"

namespace ganserve {

// What GetServerInfo says besides the models and the limits.
struct ServerDescription {
  std::string version;
  std::string device;
  uint32_t workers = 0;
};

struct ServingEnvironment {
  CallEnvironment call;
  const ModelDirectory& models;
  Batcher& batcher;
  RequestLimits limits;
  ServerDescription description;
};

}  // namespace ganserve
