#include "server/rpc/model_service.h"

#include <optional>
#include <string_view>

#include "server/rpc/model_list_handlers.h"
#include "server/rpc/unary_answer.h"

namespace ganserve {
namespace {

absl::Status Authorize(const Call& call) { return call.Authorize(); }

// A change that the models' own thread makes. `change` is given what to call with a version or an error.
template <typename Change>
grpc::ServerUnaryReactor* HandleSwitch(const ModelEnvironment& environment, grpc::CallbackServerContext* context,
                                       std::string_view method, v1::ModelVersion* response, const Change& change) {
  return AnswerLater(environment.call, context, method, Authorize, [&](const auto& answer) {
    change([answer, response](const absl::StatusOr<StoredVersion>& version) {
      if (version.ok()) FillModelVersion(*version, response);
      answer(version.status());
    });
  });
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
  Promotion promotion{request->job_id(), std::nullopt, request->model(), request->only_if_not_worse()};
  if (request->has_checkpoint_step()) promotion.checkpoint_step = request->checkpoint_step();
  return HandleSwitch(environment_, context, "/ganserve.v1.ModelService/PromoteTrainJob", response,
                      [&](auto done) { environment_.models.Promote(promotion, done); });
}

ModelService::Unary* ModelService::ActivateModelVersion(Context* context,
                                                        const v1::ActivateModelVersionRequest* request,
                                                        v1::ModelVersion* response) {
  return HandleSwitch(environment_, context, "/ganserve.v1.ModelService/ActivateModelVersion", response,
                      [&](auto done) { environment_.models.Activate(request->model(), request->version(), done); });
}

ModelService::Unary* ModelService::DeleteModelVersion(Context* context, const v1::DeleteModelVersionRequest* request,
                                                      v1::DeleteModelVersionResponse* /*response*/) {
  return AnswerLater(
      environment_.call, context, "/ganserve.v1.ModelService/DeleteModelVersion", Authorize,
      [&](const auto& answer) { environment_.models.Delete(request->model(), request->version(), answer); });
}

}  // namespace ganserve
