#include "server/rpc/train_job_handlers.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/rpc/page_request.h"
#include "server/rpc/status_mapping.h"
#include "server/rpc/unary_answer.h"

namespace ganserve {
namespace {

constexpr size_t kMaxPageTokenBytes = 64;

// A page token is the id of the last job of the page before.
absl::Status CheckPageToken(const std::string& token) {
  const bool fits = token.size() <= kMaxPageTokenBytes && std::all_of(token.begin(), token.end(), [](unsigned char c) {
                      return absl::ascii_isalnum(c) || c == '-';
                    });
  return fits ? absl::OkStatus() : InvalidField("page_token", "page_token is not the next_page_token of an answer");
}

absl::Status FillJobs(const TrainSupervisor& supervisor, const v1::ListTrainJobsRequest& request,
                      v1::ListTrainJobsResponse* response) {
  GANSERVE_ASSIGN_OR_RETURN(const size_t count, PageSize(request.page_size()));
  GANSERVE_RETURN_IF_ERROR(CheckPageToken(request.page_token()));
  std::set<v1::TrainJobState> states;
  for (const int state : request.states()) {
    if (!v1::TrainJobState_IsValid(state) || state == v1::TRAIN_JOB_STATE_UNSPECIFIED) {
      return InvalidField("states", absl::StrCat("states has ", state, ", which is no state of a job"));
    }
    states.insert(static_cast<v1::TrainJobState>(state));
  }
  JobTable::Page page = supervisor.table().List(count, request.page_token(), states);
  for (v1::TrainJobInfo& job : page.jobs) *response->add_jobs() = std::move(job);
  if (!page.last) response->set_next_page_token(response->jobs(response->jobs_size() - 1).id());
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* HandleGetTrainJob(const TrainingEnvironment& environment,
                                            grpc::CallbackServerContext* context, const v1::GetTrainJobRequest* request,
                                            v1::TrainJobInfo* response) {
  UnaryAnswer answer(environment.call, context, "/ganserve.v1.TrainingService/GetTrainJob");
  absl::Status status = environment.Admit(answer.call());
  if (status.ok()) {
    auto info = environment.supervisor->table().Get(request->job_id());
    status = info.status();
    if (info.ok()) *response = *std::move(info);
  }
  answer.Finish(status);
  return answer.reactor();
}

grpc::ServerUnaryReactor* HandleListTrainJobs(const TrainingEnvironment& environment,
                                              grpc::CallbackServerContext* context,
                                              const v1::ListTrainJobsRequest* request,
                                              v1::ListTrainJobsResponse* response) {
  UnaryAnswer answer(environment.call, context, "/ganserve.v1.TrainingService/ListTrainJobs");
  absl::Status status = environment.Admit(answer.call());
  if (status.ok()) status = FillJobs(*environment.supervisor, *request, response);
  answer.Finish(status);
  return answer.reactor();
}

grpc::ServerUnaryReactor* HandleJobChange(const TrainingEnvironment& environment, grpc::CallbackServerContext* context,
                                          std::string_view method, JobChange change, const std::string& job_id,
                                          v1::TrainJobInfo* response) {
  auto answer = std::make_shared<UnaryAnswer>(environment.call, context, method);
  grpc::ServerUnaryReactor* const reactor = answer->reactor();
  if (const absl::Status status = environment.Admit(answer->call()); !status.ok()) {
    answer->Finish(status);
    return reactor;
  }
  (environment.supervisor->*change)(job_id, [answer, response](absl::StatusOr<v1::TrainJobInfo> info) {
    if (info.ok() && response != nullptr) *response = *info;
    answer->Finish(info.status());
  });
  return reactor;
}

}  // namespace ganserve
