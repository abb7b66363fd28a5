// TrainingService.TrainJob and WatchTrainJob: the events of a job as a stream.
#pragma once

#include <grpcpp/support/server_callback.h>

#include "ganserve/v1/training.pb.h"
#include "server/rpc/training_environment.h"

namespace ganserve {

// Both start the call and return its reactor, which deletes itself when the call is over.
grpc::ServerWriteReactor<v1::TrainEvent>* HandleTrainJob(const TrainingEnvironment& environment,
                                                         grpc::CallbackServerContext* context,
                                                         const v1::TrainJobRequest* request);
grpc::ServerWriteReactor<v1::TrainEvent>* HandleWatchTrainJob(const TrainingEnvironment& environment,
                                                              grpc::CallbackServerContext* context,
                                                              const v1::WatchTrainJobRequest* request);

}  // namespace ganserve
