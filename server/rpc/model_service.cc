#include "server/rpc/model_service.h"

#include <memory>
#include <string_view>

#include "server/rpc/model_list_handlers.h"
#include "server/rpc/unary_answer.h"

namespace ganserve {
namespace {

// A change that the models' own thread makes and answers. `change` is given what to call with a version or an error.
template <typename Change>
grpc::ServerUnaryReactor* HandleChange(const ModelEnvironment& environment, grpc::CallbackServerContext* context,
                                       std::string_view method, v1::ModelVersion* response, const Change& change) {
  auto answer = std::make_shared<UnaryAnswer>(environment.call, context, method);
  grpc::ServerUnaryReactor* const reactor = answer->reactor();
  if (const absl::Status status = answer->call().Authorize(); !status.ok()) {
    answer->Finish(status);
    return reactor;
  }
  change([answer, response](absl::StatusOr<StoredVersion> version) {
    if (version.ok()) FillModelVersion(*version, response);
    answer->Finish(version.status());
  });
  return reactor;
}

}  // namespace

ModelService::Unary* ModelService::ListModels(Context* context, const v1::ListModelsRequest* request,
                                              v1::ListModelsResponse* response) {
  return HandleListModels(environment_, context, request, response);
}

ModelService::Unary* ModelService::ListModelVersions(Context* context, const v1::ListModelVersionsRequest* request,
                                                     v1::ListModelVersionsResponse* response) {
  return HandleListModelVersions(environment_, context, request, response);
}

ModelService::Unary* ModelService::PromoteTrainJob(Context* context, const v1::PromoteTrainJobRequest* request,
                                                   v1::ModelVersion* response) {
  Promotion promotion{request->job_id(), std::nullopt, request->model()};
  if (request->has_checkpoint_step()) promotion.checkpoint_step = request->checkpoint_step();
  return HandleChange(environment_, context, "/ganserve.v1.ModelService/PromoteTrainJob", response,
                      [&](auto done) { environment_.models.Promote(promotion, done); });
}

ModelService::Unary* ModelService::ActivateModelVersion(Context* context,
                                                        const v1::ActivateModelVersionRequest* request,
                                                        v1::ModelVersion* response) {
  return HandleChange(environment_, context, "/ganserve.v1.ModelService/ActivateModelVersion", response,
                      [&](auto done) { environment_.models.Activate(request->model(), request->version(), done); });
}

ModelService::Unary* ModelService::DeleteModelVersion(Context* context, const v1::DeleteModelVersionRequest* request,
                                                      v1::DeleteModelVersionResponse* /*response*/) {
  auto answer =
      std::make_shared<UnaryAnswer>(environment_.call, context, "/ganserve.v1.ModelService/DeleteModelVersion");
  Unary* const reactor = answer->reactor();
  if (const absl::Status status = answer->call().Authorize(); !status.ok()) {
    answer->Finish(status);
    return reactor;
  }
  environment_.models.Delete(request->model(), request->version(),
                             [answer](const absl::Status& status) { answer->Finish(status); });
  return reactor;
}

}  // namespace ganserve
