// ModelService.ListModels and ListModelVersions.
#pragma once

#include <grpcpp/support/server_callback.h>

#include "ganserve/v1/models.pb.h"
#include "server/rpc/model_environment.h"

namespace ganserve {

grpc::ServerUnaryReactor* HandleListModels(const ModelEnvironment& environment, grpc::CallbackServerContext* context,
                                           const v1::ListModelsRequest* request, v1::ListModelsResponse* response);
grpc::ServerUnaryReactor* HandleListModelVersions(const ModelEnvironment& environment,
                                                  grpc::CallbackServerContext* context,
                                                  const v1::ListModelVersionsRequest* request,
                                                  v1::ListModelVersionsResponse* response);

void FillModelVersion(const StoredVersion& stored, v1::ModelVersion* version);

}  // namespace ganserve
