#include "server/rpc/health_service.h"

#include <optional>
#include <utility>

namespace ganserve {
namespace {

constexpr char kLive[] = "live";

}  // namespace

// One Watch call. One write is under way at a time, and states that come meanwhile replace each other: a watcher learns
// the newest.
class HealthService::Watcher final : public grpc::ServerWriteReactor<Response> {
 public:
  // `first` is what it is told first, unless that has changed by the time of Begin.
  Watcher(HealthService& service, std::string name, Response::ServingStatus first)
      : service_(service), name_(std::move(name)), next_(first) {}

  const std::string& name() const { return name_; }

  void Begin() {
    Step step;
    {
      MutexLock lock(mutex_);
      step = NextStep();
    }
    Take(step);
  }

  void Tell(Response::ServingStatus status) {
    Step step;
    {
      MutexLock lock(mutex_);
      if (status != told_) next_ = status;
      step = NextStep();
    }
    Take(step);
  }

  void End() {
    Step step;
    {
      MutexLock lock(mutex_);
      ended_ = true;
      step = NextStep();
    }
    Take(step);
  }

  void OnWriteDone(bool ok) override {
    Step step;
    {
      MutexLock lock(mutex_);
      writing_ = false;
      if (!ok) Abandon();
      step = NextStep();
    }
    Take(step);
  }

  void OnCancel() override {
    Step step;
    {
      MutexLock lock(mutex_);
      Abandon();
      step = NextStep();
    }
    Take(step);
  }

  void OnDone() override { service_.Forget(this); }

 private:
  enum class Step { kNone, kWrite, kFinish };

  // Nobody is there to be told anything.
  void Abandon() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    ended_ = true;
    next_.reset();
  }

  // As in GenerateStreamReactor: who gets a step takes it after releasing the mutex, and nobody else gets one
  // meanwhile.
  Step NextStep() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || finished_) return Step::kNone;
    if (next_) {
      told_ = std::exchange(next_, std::nullopt);
      message_.set_status(*told_);
      writing_ = true;
      return Step::kWrite;
    }
    if (!ended_) return Step::kNone;
    finished_ = true;
    return Step::kFinish;
  }

  void Take(Step step) {
    if (step == Step::kWrite) StartWrite(&message_);
    if (step == Step::kFinish) Finish(grpc::Status(grpc::StatusCode::UNAVAILABLE, "the server is stopping"));
  }

  HealthService& service_;
  const std::string name_;

  Mutex mutex_;
  std::optional<Response::ServingStatus> told_ ABSL_GUARDED_BY(mutex_);
  std::optional<Response::ServingStatus> next_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  Response message_;  // changed with the step
};

HealthService::HealthService(const std::vector<std::string>& services) {
  MutexLock lock(mutex_);
  services_ = {{"", Response::NOT_SERVING}, {"ready", Response::NOT_SERVING}, {kLive, Response::SERVING}};
  for (const std::string& name : services) services_[name] = Response::NOT_SERVING;
}

HealthService::~HealthService() = default;

HealthService::Response::ServingStatus HealthService::StatusOf(const std::string& name) const {
  const auto found = services_.find(name);
  return found == services_.end() ? Response::SERVICE_UNKNOWN : found->second;
}

std::vector<std::shared_ptr<HealthService::Watcher>> HealthService::Watchers() {
  std::vector<std::shared_ptr<Watcher>> watchers;
  for (const auto& [key, watcher] : watchers_) watchers.push_back(watcher);
  return watchers;
}

void HealthService::Forget(const Watcher* watcher) {
  std::shared_ptr<Watcher> last;  // destroyed without the lock
  MutexLock lock(mutex_);
  const auto found = watchers_.find(watcher);
  last = std::move(found->second);
  watchers_.erase(found);
}

void HealthService::AnnounceReady() { SetReadiness(Response::SERVING); }

void HealthService::AnnounceStop() { SetReadiness(Response::NOT_SERVING); }

void HealthService::SetReadiness(Response::ServingStatus status) {
  std::vector<std::shared_ptr<Watcher>> watchers;
  {
    MutexLock lock(mutex_);
    if (stopping_) return;
    stopping_ = status == Response::NOT_SERVING;
    for (auto& [name, serving] : services_) {
      if (name != kLive) serving = status;
    }
    for (auto& watcher : Watchers()) {
      if (watcher->name() != kLive && services_.contains(watcher->name())) watchers.push_back(std::move(watcher));
    }
  }
  for (const auto& watcher : watchers) watcher->Tell(status);
}

void HealthService::EndWatches() {
  std::vector<std::shared_ptr<Watcher>> watchers;
  {
    MutexLock lock(mutex_);
    watches_ended_ = true;
    watchers = Watchers();
  }
  for (const auto& watcher : watchers) watcher->End();
}

grpc::ServerUnaryReactor* HealthService::Check(grpc::CallbackServerContext* context, const Request* request,
                                               Response* response) {
  auto* reactor = context->DefaultReactor();
  Response::ServingStatus status;
  {
    MutexLock lock(mutex_);
    status = StatusOf(request->service());
  }
  if (status == Response::SERVICE_UNKNOWN) {
    reactor->Finish(grpc::Status(grpc::StatusCode::NOT_FOUND, "unknown service \"" + request->service() + "\""));
  } else {
    response->set_status(status);
    reactor->Finish(grpc::Status::OK);
  }
  return reactor;
}

grpc::ServerWriteReactor<HealthService::Response>* HealthService::Watch(grpc::CallbackServerContext*,
                                                                        const Request* request) {
  std::shared_ptr<Watcher> watcher;
  bool ended;
  {
    MutexLock lock(mutex_);
    watcher = std::make_shared<Watcher>(*this, request->service(), StatusOf(request->service()));
    watchers_.emplace(watcher.get(), watcher);
    ended = watches_ended_;
  }
  watcher->Begin();
  if (ended) watcher->End();
  return watcher.get();
}

}  // namespace ganserve
