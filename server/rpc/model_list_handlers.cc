#include "server/rpc/model_list_handlers.h"

#include <algorithm>
#include <memory>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/base/model_name.h"
#include "server/base/status_macros.h"
#include "server/rpc/page_request.h"
#include "server/rpc/status_mapping.h"
#include "server/rpc/unary_answer.h"

namespace ganserve {
namespace {

absl::Status BadPageToken() { return InvalidField("page_token", "is not the next_page_token of an answer"); }

// The page token is the name of the last model of the page before.
absl::Status FillModels(const ModelAdmin::Models& models, const v1::ListModelsRequest& request,
                        v1::ListModelsResponse* response) {
  GANSERVE_ASSIGN_OR_RETURN(const size_t count, PageSize(request.page_size()));
  if (request.page_token().size() > kMaxModelNameLength) return BadPageToken();
  for (const StoredModel& stored : models) {
    if (stored.name <= request.page_token()) continue;
    if (static_cast<size_t>(response->models_size()) == count) {
      response->set_next_page_token(response->models(response->models_size() - 1).name());
      return absl::OkStatus();
    }
    v1::Model& model = *response->add_models();
    model.set_name(stored.name);
    model.set_version_on_duty(stored.on_duty);
  }
  return absl::OkStatus();
}

// The page token is the last version of the page before.
absl::Status FillVersions(const ModelAdmin::Models& models, const v1::ListModelVersionsRequest& request,
                          v1::ListModelVersionsResponse* response) {
  GANSERVE_ASSIGN_OR_RETURN(const size_t count, PageSize(request.page_size()));
  uint64_t before = UINT64_MAX;
  if (!request.page_token().empty() && !absl::SimpleAtoi(request.page_token(), &before)) return BadPageToken();
  const auto model = std::find_if(models.begin(), models.end(),
                                  [&](const auto& candidate) { return candidate.name == request.model(); });
  if (model == models.end()) {
    return absl::NotFoundError(
        absl::StrCat("there is no model \"", request.model().substr(0, kMaxModelNameLength), "\""));
  }
  for (auto stored = model->versions.rbegin(); stored != model->versions.rend(); ++stored) {
    if (stored->version >= before) continue;
    if (static_cast<size_t>(response->versions_size()) == count) {
      response->set_next_page_token(absl::StrCat(response->versions(response->versions_size() - 1).version()));
      return absl::OkStatus();
    }
    FillModelVersion(*stored, response->add_versions());
  }
  return absl::OkStatus();
}

}  // namespace

void FillModelVersion(const StoredVersion& stored, v1::ModelVersion* version) {
  version->set_model(stored.model);
  version->set_version(stored.version);
  version->set_digest(stored.digest);
  version->set_on_duty(stored.on_duty);
  version->set_job_id(stored.job_id);
  version->set_step(stored.step);
  version->set_loaded(stored.loaded);
  for (const std::string& alias : stored.aliases) version->add_aliases(alias);
}

grpc::ServerUnaryReactor* HandleListModels(const ModelEnvironment& environment, grpc::CallbackServerContext* context,
                                           const v1::ListModelsRequest* request, v1::ListModelsResponse* response) {
  return AnswerNow(environment.call, context, "/ganserve.v1.ModelService/ListModels",
                   [&](const Call& call) -> absl::Status {
                     GANSERVE_RETURN_IF_ERROR(call.Authorize());
                     return FillModels(*environment.models.List(), *request, response);
                   });
}

grpc::ServerUnaryReactor* HandleListModelVersions(const ModelEnvironment& environment,
                                                  grpc::CallbackServerContext* context,
                                                  const v1::ListModelVersionsRequest* request,
                                                  v1::ListModelVersionsResponse* response) {
  return AnswerNow(environment.call, context, "/ganserve.v1.ModelService/ListModelVersions",
                   [&](const Call& call) -> absl::Status {
                     GANSERVE_RETURN_IF_ERROR(call.Authorize());
                     return FillVersions(*environment.models.List(), *request, response);
                   });
}

}  // namespace ganserve
