// A ModelService with the versions that a test gives.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ganserve/v1/models.grpc.pb.h"
#include "server/base/mutex.h"

namespace ganserve::client {

// Thread-safe. Lists give one entry a page.
class FakeModelService final : public v1::ModelService::Service {
 public:
  // Versions of the model "garments", the newest first.
  void SetVersions(std::vector<v1::ModelVersion> versions);
  // How calls that change something end, from now on.
  void Answer(const grpc::Status& status);
  // "activate garments 2" and the like, in order.
  std::vector<std::string> calls() const;
  v1::PromoteTrainJobRequest last_promotion() const;

  grpc::Status ListModels(grpc::ServerContext* context, const v1::ListModelsRequest* request,
                          v1::ListModelsResponse* response) override;
  grpc::Status ListModelVersions(grpc::ServerContext* context, const v1::ListModelVersionsRequest* request,
                                 v1::ListModelVersionsResponse* response) override;
  grpc::Status PromoteTrainJob(grpc::ServerContext* context, const v1::PromoteTrainJobRequest* request,
                               v1::ModelVersion* response) override;
  grpc::Status ActivateModelVersion(grpc::ServerContext* context, const v1::ActivateModelVersionRequest* request,
                                    v1::ModelVersion* response) override;
  grpc::Status DeleteModelVersion(grpc::ServerContext* context, const v1::DeleteModelVersionRequest* request,
                                  v1::DeleteModelVersionResponse* response) override;

 private:
  grpc::Status Note(const std::string& call);

  mutable Mutex mutex_;
  std::vector<v1::ModelVersion> versions_ GUARDED_BY(mutex_);
  std::vector<std::string> calls_ GUARDED_BY(mutex_);
  v1::PromoteTrainJobRequest last_promotion_ GUARDED_BY(mutex_);
  grpc::Status answer_ GUARDED_BY(mutex_);
};

}  // namespace ganserve::client
