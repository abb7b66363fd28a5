// ImageService.GenerateStream.
#pragma once

#include <grpcpp/support/server_callback.h>

#include "ganserve/v1/images.pb.h"
#include "server/rpc/serving_environment.h"

namespace ganserve {

// Starts the call and returns its reactor, which deletes itself when the call is over.
grpc::ServerWriteReactor<v1::GeneratedImage>* HandleGenerateStream(const ServingEnvironment& environment,
                                                                   grpc::CallbackServerContext* context,
                                                                   const v1::GenerateRequest* request);

}  // namespace ganserve
