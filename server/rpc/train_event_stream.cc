#include "server/rpc/train_event_stream.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "server/base/mutex.h"

namespace ganserve {
namespace {

// One stream. Events are read only when the one before has been written, so a client that does not read costs nothing
// but its connection. One write is under way at a time; gRPC may hold event_ until OnWriteDone.
class TrainEventReactor final : public grpc::ServerWriteReactor<v1::TrainEvent> {
 public:
  TrainEventReactor(const TrainingEnvironment& environment, grpc::CallbackServerContext& context,
                    std::string_view method)
      : environment_(environment), call_(environment.call, context, method) {}

  // Exactly one of these, once.
  void StartJob(const v1::TrainJobRequest& request) {
    if (absl::Status status = environment_.Admit(call_); !status.ok()) return End(std::move(status));
    environment_.supervisor->Submit(request, [this](absl::StatusOr<v1::TrainJobInfo> info) {
      if (!info.ok()) return End(std::move(info).status());
      Watch(info->id(), 0);
    });
  }
  void StartWatch(const v1::WatchTrainJobRequest& request) {
    if (absl::Status status = environment_.Admit(call_); !status.ok()) return End(std::move(status));
    Watch(request.job_id(), request.after_sequence());
  }

 private:
  enum class Step { kNone, kWrite, kFinish };

  void Watch(const std::string& job_id, uint64_t after_sequence) {
    auto watch = environment_.supervisor->Watch(job_id, after_sequence, [this] { Pump(); });
    if (!watch.ok()) return End(watch.status());
    Step step;
    {
      const MutexLock lock(mutex_);
      watch_ = *std::move(watch);
      job_id_ = job_id;
      step = NextStep();
    }
    Take(step);
  }

  // Sends the next event if there is one and the one before has gone. The last thing that its caller does: once the
  // call is finished, gRPC may delete this object.
  void Pump() {
    Step step;
    {
      const MutexLock lock(mutex_);
      step = NextStep();
    }
    Take(step);
  }

  void End(absl::Status status) {
    Step step;
    {
      const MutexLock lock(mutex_);
      if (!end_) end_ = std::move(status);
      step = NextStep();
    }
    Take(step);
  }

  Step NextStep() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || finished_) return Step::kNone;
    if (!end_ && cancelled_ && watch_) end_ = absl::CancelledError("the caller went away");
    if (!end_ && watch_) ReadNext();
    if (end_) {
      finished_ = true;
      return Step::kFinish;
    }
    return writing_ ? Step::kWrite : Step::kNone;
  }

  void ReadNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    auto next = watch_->Next();
    if (!next.ok()) {
      end_ = next.status();
    } else if (!*next && watch_->ended()) {
      end_ = absl::OkStatus();
    } else if (*next) {
      event_ = *std::move(*next);
      event_.set_job_id(std::exchange(job_id_, ""));
      writing_ = true;
    }
  }

  void Take(Step step) {
    if (step == Step::kWrite) StartWrite(&event_);
    if (step == Step::kFinish) Finish(call_.Finish(*end_, 0));
  }

  void OnWriteDone(bool ok) override {
    Step step;
    {
      const MutexLock lock(mutex_);
      writing_ = false;
      if (!ok) end_ = absl::CancelledError("the caller went away");
      step = NextStep();
    }
    Take(step);
  }

  // While the job is being accepted there is nothing to end yet; the answer does.
  void OnCancel() override {
    Step step;
    {
      const MutexLock lock(mutex_);
      cancelled_ = true;
      step = NextStep();
    }
    Take(step);
  }

  void OnDone() override {
    watch_.reset();  // waits for a Pump that is just returning
    delete this;
  }

  const TrainingEnvironment& environment_;
  Call call_;

  Mutex mutex_;
  std::unique_ptr<JobWatch> watch_;             // set once under the mutex; read with it
  std::string job_id_ ABSL_GUARDED_BY(mutex_);  // until it has been sent
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> end_;  // set before kFinish, not changed after
  v1::TrainEvent event_;
};

}  // namespace

grpc::ServerWriteReactor<v1::TrainEvent>* HandleTrainJob(const TrainingEnvironment& environment,
                                                         grpc::CallbackServerContext* context,
                                                         const v1::TrainJobRequest* request) {
  auto* reactor = new TrainEventReactor(environment, *context, "/ganserve.v1.TrainingService/TrainJob");
  reactor->StartJob(*request);
  return reactor;
}

grpc::ServerWriteReactor<v1::TrainEvent>* HandleWatchTrainJob(const TrainingEnvironment& environment,
                                                              grpc::CallbackServerContext* context,
                                                              const v1::WatchTrainJobRequest* request) {
  auto* reactor = new TrainEventReactor(environment, *context, "/ganserve.v1.TrainingService/WatchTrainJob");
  reactor->StartWatch(*request);
  return reactor;
}

}  // namespace ganserve
