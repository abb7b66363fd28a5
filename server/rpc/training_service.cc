#include "server/rpc/training_service.h"

#include "server/rpc/train_event_stream.h"
#include "server/rpc/train_job_handlers.h"

namespace ganserve {

TrainingService::Stream* TrainingService::TrainJob(Context* context, const v1::TrainJobRequest* request) {
  return HandleTrainJob(environment_, context, request);
}

TrainingService::Stream* TrainingService::WatchTrainJob(Context* context, const v1::WatchTrainJobRequest* request) {
  return HandleWatchTrainJob(environment_, context, request);
}

TrainingService::Unary* TrainingService::GetTrainJob(Context* context, const v1::GetTrainJobRequest* request,
                                                     v1::TrainJobInfo* response) {
  return HandleGetTrainJob(environment_, context, request, response);
}

TrainingService::Unary* TrainingService::ListTrainJobs(Context* context, const v1::ListTrainJobsRequest* request,
                                                       v1::ListTrainJobsResponse* response) {
  return HandleListTrainJobs(environment_, context, request, response);
}

TrainingService::Unary* TrainingService::CancelTrainJob(Context* context, const v1::CancelTrainJobRequest* request,
                                                        v1::TrainJobInfo* response) {
  return HandleJobChange(environment_, context, "/ganserve.v1.TrainingService/CancelTrainJob", &TrainSupervisor::Cancel,
                         request->job_id(), response);
}

TrainingService::Unary* TrainingService::PauseTrainJob(Context* context, const v1::PauseTrainJobRequest* request,
                                                       v1::TrainJobInfo* response) {
  return HandleJobChange(environment_, context, "/ganserve.v1.TrainingService/PauseTrainJob", &TrainSupervisor::Pause,
                         request->job_id(), response);
}

TrainingService::Unary* TrainingService::ResumeTrainJob(Context* context, const v1::ResumeTrainJobRequest* request,
                                                        v1::TrainJobInfo* response) {
  return HandleJobChange(environment_, context, "/ganserve.v1.TrainingService/ResumeTrainJob", &TrainSupervisor::Resume,
                         request->job_id(), response);
}

TrainingService::Unary* TrainingService::DeleteTrainJob(Context* context, const v1::DeleteTrainJobRequest* request,
                                                        v1::DeleteTrainJobResponse* /*response*/) {
  return HandleJobChange(environment_, context, "/ganserve.v1.TrainingService/DeleteTrainJob", &TrainSupervisor::Delete,
                         request->job_id(), nullptr);
}

}  // namespace ganserve
