// How TrainSupervisor accepts jobs: by request id, by room, by data, on disk.
#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/spec/train_spec_defaults.h"
#include "server/jobs/train_spec.h"
#include "server/jobs/train_supervisor.h"

namespace ganserve {

void TrainSupervisor::Submit(const v1::TrainJobRequest& request, const Done& done) {
  if (stopping_) return done(Stopping());
  if (absl::Status status = ValidateTrainJobRequest(request); !status.ok()) return done(std::move(status));
  PostOrAnswer(done, [this, spec = ResolveTrainSpec(request.spec()), id = request.request_id(), done] {
    Admit(spec, id, done);
  });
}

void TrainSupervisor::Admit(const v1::TrainSpec& spec, const std::string& request_id, const Done& done) {
  if (AnswerKnown(spec, request_id, done)) return;
  if (!spec.promote_to_model().empty() && !options_.runner.promote) {
    return done(absl::FailedPreconditionError(absl::StrCat("promote_to_model is \"", spec.promote_to_model(),
                                                           "\": this server has no model repository (--models)")));
  }
  if (absl::Status status = CheckRoom(); !status.ok()) return done(std::move(status));
  const auto check = [this, spec, request_id, done] {
    if (stopping_) return done(Stopping());
    absl::Status data = options_.check_data(spec, checks_stop_.get_token());
    if (!data.ok()) return done(std::move(data));
    PostOrAnswer(done, [this, spec, request_id, done] { CreateJob(spec, request_id, done); });
  };
  if (!intake_.TryPost(check)) {
    done(stopping_ ? Stopping()
                   : absl::ResourceExhaustedError(absl::StrCat(kMaxIntake, " jobs wait for their data to be checked")));
  }
}

bool TrainSupervisor::AnswerKnown(const v1::TrainSpec& spec, const std::string& request_id, const Done& done) {
  const auto id = ids_by_request_.find(request_id);
  if (request_id.empty() || id == ids_by_request_.end()) return false;
  const v1::TrainJobInfo& info = jobs_.at(id->second)->record().info();
  if (google::protobuf::util::MessageDifferencer::Equals(info.spec(), spec)) {
    done(info);
  } else {
    done(absl::AlreadyExistsError(
        absl::StrCat("request_id \"", request_id, "\" belongs to job ", info.id(), ", which has another spec")));
  }
  return true;
}

absl::Status TrainSupervisor::CheckRoom() const {
  if (jobs_.size() >= options_.max_jobs) {
    return absl::ResourceExhaustedError(
        absl::StrCat("there are ", jobs_.size(), " jobs, the limit is ", options_.max_jobs, "; delete old ones"));
  }
  return CheckQueue();
}

absl::Status TrainSupervisor::CheckQueue() const {
  const auto waits = [](const auto& job) { return job.second->record().state() == v1::TRAIN_JOB_STATE_QUEUED; };
  const auto queued = static_cast<size_t>(std::count_if(jobs_.begin(), jobs_.end(), waits));
  if (queued < options_.max_queued) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(queued, " jobs are queued, the limit is ", options_.max_queued));
}

void TrainSupervisor::CreateJob(const v1::TrainSpec& spec, const std::string& request_id, const Done& done) {
  if (stopping_) return done(Stopping());
  if (AnswerKnown(spec, request_id, done)) return;  // it came twice, and the other was first
  if (absl::Status status = CheckRoom(); !status.ok()) return done(std::move(status));
  absl::StatusOr<StoredJob> stored = store_.Create(spec, request_id);
  if (!stored.ok()) return done(std::move(stored).status());
  absl::Status status = Add(*stored);
  if (status.ok()) {
    JobRunner& job = *jobs_.at(stored->id);
    status = job.Queue(++last_ticket_, "");
    if (status.ok()) status = job.CheckOnDisk();
    if (status.ok()) return Answer(job, std::move(status), done);
  }
  // Nothing is left of a job that was never accepted.
  Forget(stored->id);
  store_.Delete(stored->id).IgnoreError();
  done(std::move(status));
}

}  // namespace ganserve
