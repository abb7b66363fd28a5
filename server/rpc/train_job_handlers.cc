#include "server/rpc/train_job_handlers.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/jobs/job_id.h"
#include "server/rpc/page_request.h"
#include "server/rpc/status_mapping.h"
#include "server/rpc/unary_answer.h"

namespace ganserve {
namespace {

// A page token is the id of the last job of the page before.
absl::Status CheckPageToken(const std::string& token) {
  if (token.empty() || IsJobId(token)) return absl::OkStatus();
  return InvalidField("page_token", "is not the next_page_token of an answer");
}

absl::Status FillJobs(const TrainSupervisor& supervisor, const v1::ListTrainJobsRequest& request,
                      v1::ListTrainJobsResponse* response) {
  GANSERVE_ASSIGN_OR_RETURN(const size_t count, PageSize(request.page_size()));
  GANSERVE_RETURN_IF_ERROR(CheckPageToken(request.page_token()));
  std::set<v1::TrainJobState> states;
  for (const int state : request.states()) {
    if (!v1::TrainJobState_IsValid(state) || state == v1::TRAIN_JOB_STATE_UNSPECIFIED) {
      return InvalidField("states", absl::StrCat("has ", state, ", which is no state of a job"));
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
  return AnswerNow(environment.call, context, "/ganserve.v1.TrainingService/GetTrainJob",
                   [&](const Call& call) -> absl::Status {
                     GANSERVE_RETURN_IF_ERROR(environment.Admit(call));
                     GANSERVE_ASSIGN_OR_RETURN(*response, environment.supervisor->table().Get(request->job_id()));
                     return absl::OkStatus();
                   });
}

grpc::ServerUnaryReactor* HandleListTrainJobs(const TrainingEnvironment& environment,
                                              grpc::CallbackServerContext* context,
                                              const v1::ListTrainJobsRequest* request,
                                              v1::ListTrainJobsResponse* response) {
  return AnswerNow(environment.call, context, "/ganserve.v1.TrainingService/ListTrainJobs",
                   [&](const Call& call) -> absl::Status {
                     GANSERVE_RETURN_IF_ERROR(environment.Admit(call));
                     return FillJobs(*environment.supervisor, *request, response);
                   });
}

grpc::ServerUnaryReactor* HandleJobChange(const TrainingEnvironment& environment, grpc::CallbackServerContext* context,
                                          std::string_view method, JobChange change, const std::string& job_id,
                                          v1::TrainJobInfo* response) {
  const auto admit = [&environment](const Call& call) { return environment.Admit(call); };
  return AnswerLater(environment.call, context, method, admit, [&](const auto& answer) {
    (environment.supervisor->*change)(job_id, [answer, response](const absl::StatusOr<v1::TrainJobInfo>& info) {
      if (info.ok() && response != nullptr) *response = *info;
      answer(info.status());
    });
  });
}

}  // namespace ganserve
