#include "tests/unit/client/fake_training_service.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <utility>

namespace ganserve::client {
namespace {

constexpr char kJob[] = "j1";
constexpr uint32_t kBatches = 938;
constexpr int kPageSize = 2;

}  // namespace

v1::TrainEvent StateEvent(v1::TrainJobState state, const std::string& message) {
  v1::TrainEvent event;
  event.mutable_state_change()->set_state(state);
  event.mutable_state_change()->set_message(message);
  return event;
}

v1::TrainEvent LossEvent(uint64_t step, double discriminator_loss, double generator_loss) {
  v1::TrainEvent event;
  event.set_step(step);
  event.set_epoch(static_cast<uint32_t>((step - 1) / kBatches) + 1);
  v1::TrainLosses& losses = *event.mutable_losses();
  losses.set_discriminator_loss(discriminator_loss);
  losses.set_generator_loss(generator_loss);
  losses.set_real_score(0.75);
  losses.set_fake_score(0.25);
  losses.set_images_per_second(912);
  losses.set_steps_left(uint64_t{100} * kBatches - step);
  losses.set_eta_seconds(3780);
  losses.set_epochs(100);
  losses.set_batch(static_cast<uint32_t>((step - 1) % kBatches) + 1);
  losses.set_batches(kBatches);
  return event;
}

v1::TrainEvent SampleEvent(uint64_t step, const std::string& png) {
  v1::TrainEvent event;
  event.set_step(step);
  event.mutable_sample()->set_png(png);
  return event;
}

v1::TrainEvent TerminalEvent(v1::TrainJobState state, const std::string& message) {
  v1::TrainEvent event;
  event.mutable_terminal()->set_state(state);
  event.mutable_terminal()->set_message(message);
  return event;
}

void FakeTrainingService::Append(v1::TrainEvent event) {
  MutexLock lock(mutex_);
  event.set_sequence(events_.empty() ? 1 : events_.back().sequence() + 1);
  events_.push_back(std::move(event));
  changed_.NotifyAll();
}

void FakeTrainingService::AppendAs(uint64_t sequence, v1::TrainEvent event) {
  MutexLock lock(mutex_);
  event.set_sequence(sequence);
  events_.push_back(std::move(event));
  changed_.NotifyAll();
}

void FakeTrainingService::EndStreams(std::vector<StreamEnd> ends) {
  MutexLock lock(mutex_);
  ends_ = std::move(ends);
}

void FakeTrainingService::Answer(const grpc::Status& status) {
  MutexLock lock(mutex_);
  answer_ = status;
}

void FakeTrainingService::SetJobs(std::vector<v1::TrainJobInfo> jobs) {
  MutexLock lock(mutex_);
  jobs_ = std::move(jobs);
}

void FakeTrainingService::Close() {
  MutexLock lock(mutex_);
  closed_ = true;
  changed_.NotifyAll();
}

std::vector<SeenStream> FakeTrainingService::streams() const {
  MutexLock lock(mutex_);
  return streams_;
}

std::vector<std::string> FakeTrainingService::calls() const {
  MutexLock lock(mutex_);
  return calls_;
}

v1::ListTrainJobsRequest FakeTrainingService::last_list() const {
  MutexLock lock(mutex_);
  return last_list_;
}

grpc::Status FakeTrainingService::TrainJob(grpc::ServerContext*, const v1::TrainJobRequest* request,
                                           grpc::ServerWriter<v1::TrainEvent>* writer) {
  return Send({"", 0, request->request_id(), request->spec()}, writer);
}

grpc::Status FakeTrainingService::WatchTrainJob(grpc::ServerContext*, const v1::WatchTrainJobRequest* request,
                                                grpc::ServerWriter<v1::TrainEvent>* writer) {
  return Send({request->job_id(), request->after_sequence(), "", {}}, writer);
}

grpc::Status FakeTrainingService::Send(const SeenStream& stream, grpc::ServerWriter<v1::TrainEvent>* writer) {
  std::optional<StreamEnd> end;
  {
    MutexLock lock(mutex_);
    streams_.push_back(stream);
    if (!ends_.empty()) {
      end = ends_.front();
      ends_.erase(ends_.begin());
    }
  }
  size_t sent = 0;
  for (size_t position = 0; !end || sent < end->after_events; ++position) {
    std::optional<v1::TrainEvent> event = Event(position);
    if (!event) return grpc::Status(grpc::StatusCode::ABORTED, "the test is over");
    if (event->sequence() <= stream.after_sequence) continue;
    if (sent++ == 0) event->set_job_id(kJob);
    if (!writer->Write(*event)) return grpc::Status::CANCELLED;
    if (event->has_terminal()) return grpc::Status::OK;
  }
  return end->status;
}

std::optional<v1::TrainEvent> FakeTrainingService::Event(size_t position) const {
  MutexLock lock(mutex_);
  while (!closed_ && events_.size() <= position) changed_.Wait(mutex_);
  if (closed_) return std::nullopt;
  return events_[position];
}

grpc::Status FakeTrainingService::Note(const std::string& call, const std::string& job_id, v1::TrainJobState state,
                                       v1::TrainJobInfo* response) {
  MutexLock lock(mutex_);
  calls_.push_back(call + " " + job_id);
  response->set_id(job_id);
  response->set_state(state);
  response->mutable_spec()->set_data("garments");
  response->set_last_sequence(events_.empty() ? 0 : events_.back().sequence());
  return answer_;
}

grpc::Status FakeTrainingService::GetTrainJob(grpc::ServerContext*, const v1::GetTrainJobRequest* request,
                                              v1::TrainJobInfo* response) {
  const grpc::Status status = Note("get", request->job_id(), v1::TRAIN_JOB_STATE_RUNNING, response);
  MutexLock lock(mutex_);
  for (const v1::TrainJobInfo& job : jobs_) {
    if (job.id() == request->job_id()) *response = job;
  }
  return status;
}

grpc::Status FakeTrainingService::ListTrainJobs(grpc::ServerContext*, const v1::ListTrainJobsRequest* request,
                                                v1::ListTrainJobsResponse* response) {
  MutexLock lock(mutex_);
  last_list_ = *request;
  const size_t first = request->page_token().empty() ? 0 : std::stoul(request->page_token());
  for (size_t i = first; i < jobs_.size() && response->jobs_size() < kPageSize; ++i) {
    if (response->jobs_size() < static_cast<int>(request->page_size())) *response->add_jobs() = jobs_[i];
  }
  const size_t next = first + static_cast<size_t>(response->jobs_size());
  if (next < jobs_.size()) response->set_next_page_token(std::to_string(next));
  return answer_;
}

grpc::Status FakeTrainingService::CancelTrainJob(grpc::ServerContext*, const v1::CancelTrainJobRequest* request,
                                                 v1::TrainJobInfo* response) {
  const grpc::Status status = Note("cancel", request->job_id(), v1::TRAIN_JOB_STATE_CANCELLING, response);
  if (status.ok()) Append(TerminalEvent(v1::TRAIN_JOB_STATE_CANCELLED));
  return status;
}

grpc::Status FakeTrainingService::PauseTrainJob(grpc::ServerContext*, const v1::PauseTrainJobRequest* request,
                                                v1::TrainJobInfo* response) {
  return Note("pause", request->job_id(), v1::TRAIN_JOB_STATE_PAUSED, response);
}

grpc::Status FakeTrainingService::ResumeTrainJob(grpc::ServerContext*, const v1::ResumeTrainJobRequest* request,
                                                 v1::TrainJobInfo* response) {
  return Note("resume", request->job_id(), v1::TRAIN_JOB_STATE_QUEUED, response);
}

grpc::Status FakeTrainingService::DeleteTrainJob(grpc::ServerContext*, const v1::DeleteTrainJobRequest* request,
                                                 v1::DeleteTrainJobResponse*) {
  v1::TrainJobInfo ignored;
  return Note("delete", request->job_id(), v1::TRAIN_JOB_STATE_UNSPECIFIED, &ignored);
}

FakeTrainingServer::FakeTrainingServer() {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
  builder.RegisterService(&training_);
  builder.RegisterService(&models_);
  server_ = builder.BuildAndStart();
}

FakeTrainingServer::~FakeTrainingServer() {
  training_.Close();
  server_->Shutdown(std::chrono::system_clock::now());
}

}  // namespace ganserve::client
