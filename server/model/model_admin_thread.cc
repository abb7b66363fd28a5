#include "server/model/model_admin_thread.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace ganserve {

ModelAdminThread::ModelAdminThread(ModelSwitch& models) : models_(models), thread_([this] { Run(); }) {}

ModelAdminThread::~ModelAdminThread() { Close(); }

void ModelAdminThread::Activate(const std::string& model, uint64_t version, VersionDone done) {
  Enqueue({.run = [this, model, version, done](const auto&) { done(models_.Activate(model, version)); },
           .refuse = [done](absl::Status status) { done(std::move(status)); }});
}

void ModelAdminThread::Promote(const Promotion& promotion, VersionDone done) {
  Enqueue({.run = [this, promotion, done](const std::stop_token& stop) { done(models_.Promote(promotion, stop)); },
           .refuse = [done](absl::Status status) { done(std::move(status)); }});
}

void ModelAdminThread::Delete(const std::string& model, uint64_t version, Done done) {
  Enqueue({.run = [this, model, version, done](const auto&) { done(models_.Delete(model, version)); },
           .refuse = [done](absl::Status status) { done(std::move(status)); }});
}

void ModelAdminThread::Enqueue(Change change) {
  absl::Status refusal;
  {
    MutexLock lock(mutex_);
    if (closed_) {
      refusal = absl::UnavailableError("the server is stopping");
    } else if (queue_.size() >= kMaxQueued) {
      refusal = absl::ResourceExhaustedError(
          absl::StrCat(queue_.size(), " changes of models wait already, which is the limit; try again later"));
    } else {
      queue_.push_back(std::move(change));
      changed_.NotifyOne();
      return;
    }
  }
  change.refuse(std::move(refusal));
}

void ModelAdminThread::Follow() {
  MutexLock lock(mutex_);
  follow_due_ = true;
  changed_.NotifyOne();
}

bool ModelAdminThread::TakeNext(Change* change) {
  MutexLock lock(mutex_);
  while (queue_.empty() && !follow_due_ && !closed_) changed_.Wait(mutex_);
  if (closed_) return false;
  // A look first: it costs little, and what waits in the queue cannot keep it off.
  if (std::exchange(follow_due_, false)) return true;
  *change = std::move(queue_.front());
  queue_.pop_front();
  return true;
}

void ModelAdminThread::Run() {
  while (true) {
    Change change;  // gone, with what its callback holds, before the next is waited for
    if (!TakeNext(&change)) return;
    if (change.run) {
      change.run(stop_.get_token());
    } else {
      models_.Follow();
    }
  }
}

void ModelAdminThread::BeginStop() {
  std::deque<Change> waiting;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    waiting.swap(queue_);
    changed_.NotifyAll();
  }
  for (const Change& change : waiting) change.refuse(absl::UnavailableError("the server is stopping"));
  stop_.request_stop();
}

void ModelAdminThread::Close() {
  BeginStop();
  MutexLock closing(close_mutex_);
  if (thread_.joinable()) thread_.join();
}

}  // namespace ganserve
