#include "tests/unit/client/fake_model_service.h"

#include <utility>

namespace ganserve::client {
namespace {

size_t Position(const std::string& page_token) { return page_token.empty() ? 0 : std::stoul(page_token); }

}  // namespace

void FakeModelService::SetVersions(std::vector<v1::ModelVersion> versions) {
  MutexLock lock(mutex_);
  versions_ = std::move(versions);
}

void FakeModelService::Answer(const grpc::Status& status) {
  MutexLock lock(mutex_);
  answer_ = status;
}

std::vector<std::string> FakeModelService::calls() const {
  MutexLock lock(mutex_);
  return calls_;
}

v1::PromoteTrainJobRequest FakeModelService::last_promotion() const {
  MutexLock lock(mutex_);
  return last_promotion_;
}

grpc::Status FakeModelService::ListModels(grpc::ServerContext*, const v1::ListModelsRequest* request,
                                          v1::ListModelsResponse* response) {
  const bool first = request->page_token().empty();
  v1::Model* model = response->add_models();
  model->set_name(first ? "digits" : "garments");
  model->set_version_on_duty(first ? 0 : 7);
  if (first) response->set_next_page_token("garments");
  return grpc::Status::OK;
}

grpc::Status FakeModelService::ListModelVersions(grpc::ServerContext*, const v1::ListModelVersionsRequest* request,
                                                 v1::ListModelVersionsResponse* response) {
  MutexLock lock(mutex_);
  const size_t position = Position(request->page_token());
  if (position < versions_.size()) *response->add_versions() = versions_[position];
  if (position + 1 < versions_.size()) response->set_next_page_token(std::to_string(position + 1));
  return grpc::Status::OK;
}

grpc::Status FakeModelService::PromoteTrainJob(grpc::ServerContext*, const v1::PromoteTrainJobRequest* request,
                                               v1::ModelVersion* response) {
  response->set_model(request->model());
  response->set_version(8);
  response->set_job_id(request->job_id());
  response->set_step(request->has_checkpoint_step() ? request->checkpoint_step() : 900);
  response->set_digest("abc");
  const grpc::Status status = Note("promote " + request->job_id());
  MutexLock lock(mutex_);
  last_promotion_ = *request;
  return status;
}

grpc::Status FakeModelService::ActivateModelVersion(grpc::ServerContext*,
                                                    const v1::ActivateModelVersionRequest* request,
                                                    v1::ModelVersion* response) {
  response->set_model(request->model());
  response->set_version(request->version());
  response->set_digest("abc");
  return Note("activate " + request->model() + " " + std::to_string(request->version()));
}

grpc::Status FakeModelService::DeleteModelVersion(grpc::ServerContext*, const v1::DeleteModelVersionRequest* request,
                                                  v1::DeleteModelVersionResponse*) {
  return Note("delete " + request->model() + " " + std::to_string(request->version()));
}

grpc::Status FakeModelService::Note(const std::string& call) {
  MutexLock lock(mutex_);
  calls_.push_back(call);
  return answer_;
}

}  // namespace ganserve::client
