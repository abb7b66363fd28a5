// ganserve.v1.ModelService: hands each call to its handler.
#pragma once

#include "ganserve/v1/models.grpc.pb.h"
#include "server/rpc/model_environment.h"

namespace ganserve {

class ModelService final : public v1::ModelService::CallbackService {
 public:
  // What `environment` refers to outlives the service.
  explicit ModelService(ModelEnvironment environment) : environment_(environment) {}

  using Context = grpc::CallbackServerContext;
  using Unary = grpc::ServerUnaryReactor;

  Unary* ListModels(Context* context, const v1::ListModelsRequest* request, v1::ListModelsResponse* response) override;
  Unary* ListModelVersions(Context* context, const v1::ListModelVersionsRequest* request,
                           v1::ListModelVersionsResponse* response) override;
  Unary* PromoteTrainJob(Context* context, const v1::PromoteTrainJobRequest* request,
                         v1::ModelVersion* response) override;
  Unary* ActivateModelVersion(Context* context, const v1::ActivateModelVersionRequest* request,
                              v1::ModelVersion* response) override;
  Unary* DeleteModelVersion(Context* context, const v1::DeleteModelVersionRequest* request,
                            v1::DeleteModelVersionResponse* response) override;

 private:
  const ModelEnvironment environment_;
};

}  // namespace ganserve
