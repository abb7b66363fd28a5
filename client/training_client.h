// The client of ganserve.v1.TrainingService.
//
//   auto client = TrainingClient::Create({.server = "127.0.0.1:50051"});
//   v1::TrainJobRequest request;
//   request.mutable_spec()->set_data("fashion-mnist");
//   auto stream = (*client)->Train(request);
//   while (stream->Next(&event)) ...
//
// Errors are as in image_client.h. What can't be said twice without harm is tried once: Pause, Resume and Delete.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/call_options.h"
#include "client/client_options.h"
#include "client/train_stream.h"
#include "ganserve/v1/training.pb.h"

namespace ganserve::client {

class Session;

// Thread-safe; calls block the thread that makes them.
class TrainingClient {
 public:
  // Connects at the first call. INVALID_ARGUMENT or NOT_FOUND names the option or the file that is of no use.
  static absl::StatusOr<std::unique_ptr<TrainingClient>> Create(const ClientOptions& options);
  ~TrainingClient();

  // Starts a job and follows it. A request without a request id is given a random one, so that a call that is tried
  // again attaches to the job instead of starting a second one. The client's timeout does not apply.
  std::unique_ptr<TrainStream> Train(v1::TrainJobRequest request, const CallOptions& call = {}) const;

  // Follows a job from the event after `after_sequence`, 0 for all. The client's timeout does not apply.
  std::unique_ptr<TrainStream> Watch(const std::string& job_id, uint64_t after_sequence,
                                     const CallOptions& call = {}) const;

  absl::StatusOr<v1::TrainJobInfo> Get(const std::string& job_id, const CallOptions& call = {}) const;

  // One page, the newest jobs first.
  absl::StatusOr<v1::ListTrainJobsResponse> List(const v1::ListTrainJobsRequest& request,
                                                 const CallOptions& call = {}) const;

  absl::StatusOr<v1::TrainJobInfo> Cancel(const std::string& job_id, const CallOptions& call = {}) const;
  // Takes as long as the trainer needs for its checkpoint: the client's timeout does not apply.
  absl::StatusOr<v1::TrainJobInfo> Pause(const std::string& job_id, const CallOptions& call = {}) const;
  absl::StatusOr<v1::TrainJobInfo> Resume(const std::string& job_id, const CallOptions& call = {}) const;
  absl::Status Delete(const std::string& job_id, const CallOptions& call = {}) const;

 private:
  explicit TrainingClient(std::shared_ptr<const Session> session);

  const std::shared_ptr<const Session> session_;
};

}  // namespace ganserve::client
