#include "client/training_client.h"

#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/session.h"
#include "client/unary_call.h"

namespace ganserve::client {
namespace {

using Stub = v1::TrainingService::Stub;

// 128 random bits in hexadecimal: no two clients ever make the same.
std::string RandomRequestId() {
  std::random_device random;
  std::string id;
  for (int i = 0; i < 4; ++i) absl::StrAppend(&id, absl::Hex(random(), absl::kZeroPad8));
  return id;
}

template <typename Request>
Request ForJob(const std::string& job_id) {
  Request request;
  request.set_job_id(job_id);
  return request;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TrainingClient>> TrainingClient::Create(const ClientOptions& options) {
  auto session = Session::Create(options);
  if (!session.ok()) return session.status();
  return std::unique_ptr<TrainingClient>(new TrainingClient(*std::move(session)));
}

TrainingClient::TrainingClient(std::shared_ptr<const Session> session) : session_(std::move(session)) {}

TrainingClient::~TrainingClient() = default;

std::unique_ptr<TrainStream> TrainingClient::Train(v1::TrainJobRequest request, const CallOptions& call) const {
  if (request.request_id().empty()) request.set_request_id(RandomRequestId());
  return std::make_unique<TrainStream>(session_, std::move(request), call);
}

std::unique_ptr<TrainStream> TrainingClient::Watch(const std::string& job_id, uint64_t after_sequence,
                                                   const CallOptions& call) const {
  auto request = ForJob<v1::WatchTrainJobRequest>(job_id);
  request.set_after_sequence(after_sequence);
  return std::make_unique<TrainStream>(session_, std::move(request), call);
}

absl::StatusOr<v1::TrainJobInfo> TrainingClient::Get(const std::string& job_id, const CallOptions& call) const {
  return CallRepeatable(*session_, session_->training(), &Stub::GetTrainJob, ForJob<v1::GetTrainJobRequest>(job_id),
                        call);
}

absl::StatusOr<v1::ListTrainJobsResponse> TrainingClient::List(const v1::ListTrainJobsRequest& request,
                                                               const CallOptions& call) const {
  return CallRepeatable(*session_, session_->training(), &Stub::ListTrainJobs, request, call);
}

absl::StatusOr<v1::TrainJobInfo> TrainingClient::Cancel(const std::string& job_id, const CallOptions& call) const {
  return CallRepeatable(*session_, session_->training(), &Stub::CancelTrainJob,
                        ForJob<v1::CancelTrainJobRequest>(job_id), call);
}

absl::StatusOr<v1::TrainJobInfo> TrainingClient::Pause(const std::string& job_id, const CallOptions& call) const {
  return CallOnce(*session_, kNoTimeout, session_->training(), &Stub::PauseTrainJob,
                  ForJob<v1::PauseTrainJobRequest>(job_id), call);
}

absl::StatusOr<v1::TrainJobInfo> TrainingClient::Resume(const std::string& job_id, const CallOptions& call) const {
  return CallOnce(*session_, session_->options().timeout, session_->training(), &Stub::ResumeTrainJob,
                  ForJob<v1::ResumeTrainJobRequest>(job_id), call);
}

absl::Status TrainingClient::Delete(const std::string& job_id, const CallOptions& call) const {
  return CallOnce(*session_, session_->options().timeout, session_->training(), &Stub::DeleteTrainJob,
                  ForJob<v1::DeleteTrainJobRequest>(job_id), call)
      .status();
}

}  // namespace ganserve::client
