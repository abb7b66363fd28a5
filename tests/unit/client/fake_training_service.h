// A TrainingService with one job, "j1", whose events a test writes, on a free port of the loopback interface.
#pragma once

#include <grpcpp/server.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ganserve/v1/training.grpc.pb.h"
#include "server/base/mutex.h"
#include "tests/unit/client/fake_model_service.h"

namespace ganserve::client {

// How a stream ends before the job does.
struct StreamEnd {
  size_t after_events = 0;
  grpc::Status status = grpc::Status::OK;
};

// A call to start or to follow.
struct SeenStream {
  // Of WatchTrainJob; empty for TrainJob.
  std::string job_id;
  uint64_t after_sequence = 0;
  // Of TrainJob.
  std::string request_id;
  v1::TrainSpec spec;
};

// Events, so that tests say what matters: without a sequence, which the service gives.
v1::TrainEvent StateEvent(v1::TrainJobState state, const std::string& message = "");
v1::TrainEvent LossEvent(uint64_t step, double discriminator_loss, double generator_loss);
v1::TrainEvent SampleEvent(uint64_t step, const std::string& png);
v1::TrainEvent TerminalEvent(v1::TrainJobState state, const std::string& message = "");

// Thread-safe.
class FakeTrainingService final : public v1::TrainingService::Service {
 public:
  // Adds an event with the next sequence, which streams under way send on.
  void Append(v1::TrainEvent event);
  // Likewise with a sequence of its own, right or wrong.
  void AppendAs(uint64_t sequence, v1::TrainEvent event);
  // How the next streams end, in order; streams after them last until the terminal event.
  void EndStreams(std::vector<StreamEnd> ends);
  // How each unary call ends, from now on.
  void Answer(const grpc::Status& status);
  // Jobs for GetTrainJob, which makes up those it does not find, and ListTrainJobs, which gives two a page.
  void SetJobs(std::vector<v1::TrainJobInfo> jobs);
  // Ends all streams, so that the server can stop.
  void Close();

  std::vector<SeenStream> streams() const;
  // "cancel j1" and the like, in order.
  std::vector<std::string> calls() const;
  v1::ListTrainJobsRequest last_list() const;

  grpc::Status TrainJob(grpc::ServerContext* context, const v1::TrainJobRequest* request,
                        grpc::ServerWriter<v1::TrainEvent>* writer) override;
  grpc::Status WatchTrainJob(grpc::ServerContext* context, const v1::WatchTrainJobRequest* request,
                             grpc::ServerWriter<v1::TrainEvent>* writer) override;
  grpc::Status GetTrainJob(grpc::ServerContext* context, const v1::GetTrainJobRequest* request,
                           v1::TrainJobInfo* response) override;
  grpc::Status ListTrainJobs(grpc::ServerContext* context, const v1::ListTrainJobsRequest* request,
                             v1::ListTrainJobsResponse* response) override;
  // Ends the job as CANCELLED.
  grpc::Status CancelTrainJob(grpc::ServerContext* context, const v1::CancelTrainJobRequest* request,
                              v1::TrainJobInfo* response) override;
  grpc::Status PauseTrainJob(grpc::ServerContext* context, const v1::PauseTrainJobRequest* request,
                             v1::TrainJobInfo* response) override;
  grpc::Status ResumeTrainJob(grpc::ServerContext* context, const v1::ResumeTrainJobRequest* request,
                              v1::TrainJobInfo* response) override;
  grpc::Status DeleteTrainJob(grpc::ServerContext* context, const v1::DeleteTrainJobRequest* request,
                              v1::DeleteTrainJobResponse* response) override;

 private:
  grpc::Status Send(const SeenStream& stream, grpc::ServerWriter<v1::TrainEvent>* writer);
  // Waits for the event at `position`; nothing once closed.
  std::optional<v1::TrainEvent> Event(size_t position) const;
  grpc::Status Note(const std::string& call, const std::string& job_id, v1::TrainJobState state,
                    v1::TrainJobInfo* response);

  mutable Mutex mutex_;
  mutable CondVar changed_;
  std::vector<v1::TrainEvent> events_ GUARDED_BY(mutex_);
  std::vector<StreamEnd> ends_ GUARDED_BY(mutex_);
  std::vector<SeenStream> streams_ GUARDED_BY(mutex_);
  std::vector<std::string> calls_ GUARDED_BY(mutex_);
  std::vector<v1::TrainJobInfo> jobs_ GUARDED_BY(mutex_);
  v1::ListTrainJobsRequest last_list_ GUARDED_BY(mutex_);
  grpc::Status answer_ GUARDED_BY(mutex_);
  bool closed_ GUARDED_BY(mutex_) = false;
};

// Training and models on one port. Stops with the object.
class FakeTrainingServer {
 public:
  FakeTrainingServer();
  ~FakeTrainingServer();

  FakeTrainingService& training() { return training_; }
  FakeModelService& models() { return models_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  FakeTrainingService training_;
  FakeModelService models_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace ganserve::client
