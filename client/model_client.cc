#include "client/model_client.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/session.h"
#include "client/unary_call.h"

namespace ganserve::client {
namespace {

using Stub = v1::ModelService::Stub;

}  // namespace

absl::StatusOr<std::unique_ptr<ModelClient>> ModelClient::Create(const ClientOptions& options) {
  auto session = Session::Create(options);
  if (!session.ok()) return session.status();
  return std::unique_ptr<ModelClient>(new ModelClient(*std::move(session)));
}

ModelClient::ModelClient(std::shared_ptr<const Session> session) : session_(std::move(session)) {}

ModelClient::~ModelClient() = default;

absl::StatusOr<v1::ListModelsResponse> ModelClient::ListModels(const v1::ListModelsRequest& request,
                                                               const CallOptions& call) const {
  return CallRepeatable(*session_, session_->models(), &Stub::ListModels, request, call);
}

absl::StatusOr<v1::ListModelVersionsResponse> ModelClient::ListVersions(const v1::ListModelVersionsRequest& request,
                                                                        const CallOptions& call) const {
  return CallRepeatable(*session_, session_->models(), &Stub::ListModelVersions, request, call);
}

absl::StatusOr<v1::ModelVersion> ModelClient::Promote(const v1::PromoteTrainJobRequest& request,
                                                      const CallOptions& call) const {
  return CallOnce(*session_, kNoTimeout, session_->models(), &Stub::PromoteTrainJob, request, call);
}

absl::StatusOr<v1::ModelVersion> ModelClient::Activate(const std::string& model, uint64_t version,
                                                       const CallOptions& call) const {
  v1::ActivateModelVersionRequest request;
  request.set_model(model);
  request.set_version(version);
  return CallUnary(*session_, session_->options().retry, kNoTimeout, session_->models(), &Stub::ActivateModelVersion,
                   request, call);
}

absl::StatusOr<v1::ModelVersion> ModelClient::Rollback(const std::string& model, const CallOptions& call) const {
  v1::ListModelVersionsRequest request;
  request.set_model(model);
  uint64_t on_duty = 0;
  do {
    const auto page = ListVersions(request, call);
    if (!page.ok()) return page.status();
    for (const v1::ModelVersion& version : page->versions()) {
      if (version.on_duty()) {
        on_duty = version.version();
      } else if (on_duty > 0) {
        return Activate(model, version.version(), call);
      }
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  if (on_duty == 0) return absl::FailedPreconditionError(absl::StrCat("model ", model, " has no version on duty"));
  return absl::FailedPreconditionError(
      absl::StrCat("model ", model, " has no version before ", on_duty, ", the one on duty"));
}

absl::Status ModelClient::Delete(const std::string& model, uint64_t version, const CallOptions& call) const {
  v1::DeleteModelVersionRequest request;
  request.set_model(model);
  request.set_version(version);
  return CallOnce(*session_, kNoTimeout, session_->models(), &Stub::DeleteModelVersion, request, call).status();
}

}  // namespace ganserve::client
