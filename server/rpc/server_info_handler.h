// ImageService.GetServerInfo.
#pragma once

#include <grpcpp/support/server_callback.h>

#include "ganserve/v1/images.pb.h"
#include "server/rpc/serving_environment.h"

namespace ganserve {

grpc::ServerUnaryReactor* HandleGetServerInfo(const ServingEnvironment& environment,
                                              grpc::CallbackServerContext* context,
                                              v1::GetServerInfoResponse* response);

}  // namespace ganserve
