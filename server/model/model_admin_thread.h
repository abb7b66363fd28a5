// The thread on which models change.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "server/base/mutex.h"
#include "server/model/model_switch.h"
#include "server/serving/model_admin.h"

namespace ganserve {

// Runs the changes of callers and those of the repository one after the other on one thread, so that no handler waits
// for a model to load and no two switches cross.
class ModelAdminThread final : public ModelAdmin {
 public:
  // Changes that wait, beyond which they are refused: a change takes seconds, so nobody means to queue more.
  static constexpr size_t kMaxQueued = 16;

  // `models` outlives it and is used by nobody else, List apart.
  explicit ModelAdminThread(ModelSwitch& models);
  // As Close.
  ~ModelAdminThread() override;

  std::shared_ptr<const Models> List() const override { return models_.List(); }
  void Activate(const std::string& model, uint64_t version, VersionDone done) override;
  void Promote(const Promotion& promotion, VersionDone done) override;
  void Delete(const std::string& model, uint64_t version, Done done) override;

  // Asks for a look at the repository, which comes before the changes that wait. Any thread, never blocks; while a look
  // is due already, it does nothing.
  void Follow();

  // Answers what waits, and whatever comes later, with UNAVAILABLE, and asks an export under way to stop. Any thread.
  void BeginStop();

  // BeginStop, then waits for the change under way. Idempotent; not from a callback.
  void Close();

 private:
  struct Change {
    std::function<void(const std::stop_token&)> run;  // and answers
    std::function<void(absl::Status)> refuse;
  };

  void Enqueue(Change change);
  void Run();
  // Waits for the next change; one without `run` is a look at the repository. False when closed.
  bool TakeNext(Change* change);

  ModelSwitch& models_;

  Mutex mutex_;
  CondVar changed_;
  std::deque<Change> queue_ ABSL_GUARDED_BY(mutex_);
  bool follow_due_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;

  std::stop_source stop_;
  Mutex close_mutex_;  // serialises Close
  std::jthread thread_ ABSL_GUARDED_BY(close_mutex_);
};

}  // namespace ganserve
