// TrainingService's unary methods.
#pragma once

#include <grpcpp/support/server_callback.h>

#include "ganserve/v1/training.pb.h"
#include "server/rpc/training_environment.h"

namespace ganserve {

grpc::ServerUnaryReactor* HandleGetTrainJob(const TrainingEnvironment& environment,
                                            grpc::CallbackServerContext* context, const v1::GetTrainJobRequest* request,
                                            v1::TrainJobInfo* response);
grpc::ServerUnaryReactor* HandleListTrainJobs(const TrainingEnvironment& environment,
                                              grpc::CallbackServerContext* context,
                                              const v1::ListTrainJobsRequest* request,
                                              v1::ListTrainJobsResponse* response);

// A change of one job, which the supervisor answers when it is on disk; `response` may be null.
using JobChange = void (TrainSupervisor::*)(const std::string& id, const TrainSupervisor::Done& done);
grpc::ServerUnaryReactor* HandleJobChange(const TrainingEnvironment& environment, grpc::CallbackServerContext* context,
                                          std::string_view method, JobChange change, const std::string& job_id,
                                          v1::TrainJobInfo* response);

}  // namespace ganserve
