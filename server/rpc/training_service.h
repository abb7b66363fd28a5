// ganserve.v1.TrainingService: hands each call to its handler.
#pragma once

#include "ganserve/v1/training.grpc.pb.h"
#include "server/rpc/training_environment.h"

namespace ganserve {

class TrainingService final : public v1::TrainingService::CallbackService {
 public:
  // What `environment` refers to outlives the service.
  explicit TrainingService(TrainingEnvironment environment) : environment_(environment) {}

  using Context = grpc::CallbackServerContext;
  using Unary = grpc::ServerUnaryReactor;
  using Stream = grpc::ServerWriteReactor<v1::TrainEvent>;

  Stream* TrainJob(Context* context, const v1::TrainJobRequest* request) override;
  Stream* WatchTrainJob(Context* context, const v1::WatchTrainJobRequest* request) override;
  Unary* GetTrainJob(Context* context, const v1::GetTrainJobRequest* request, v1::TrainJobInfo* response) override;
  Unary* ListTrainJobs(Context* context, const v1::ListTrainJobsRequest* request,
                       v1::ListTrainJobsResponse* response) override;
  Unary* CancelTrainJob(Context* context, const v1::CancelTrainJobRequest* request,
                        v1::TrainJobInfo* response) override;
  Unary* PauseTrainJob(Context* context, const v1::PauseTrainJobRequest* request, v1::TrainJobInfo* response) override;
  Unary* ResumeTrainJob(Context* context, const v1::ResumeTrainJobRequest* request,
                        v1::TrainJobInfo* response) override;
  Unary* DeleteTrainJob(Context* context, const v1::DeleteTrainJobRequest* request,
                        v1::DeleteTrainJobResponse* response) override;

 private:
  const TrainingEnvironment environment_;
};

}  // namespace ganserve
