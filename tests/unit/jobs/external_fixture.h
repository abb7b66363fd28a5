// A supervisor whose trainers are in other pods, and such a trainer.
#pragma once

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "server/base/lock_file.h"
#include "server/jobs/event_log.h"
#include "server/jobs/trainer_exit_codes.h"
#include "tests/unit/jobs/supervisor_fixture.h"

namespace ganserve {

// A trainer in another pod, as the server sees it: a lock and what it writes.
class RemoteTrainer {
 public:
  explicit RemoteTrainer(const std::string& job)
      : lock_(TryLockFile(job + "/lock").value()), log_(EventLog::Open(job + "/events").value()) {
    EXPECT_TRUE(lock_) << "the job has a trainer or is held by the server";
  }

  void Loss(uint64_t step) {
    v1::TrainEvent event;
    event.set_step(step);
    event.mutable_losses()->set_generator_loss(1.5);
    EXPECT_TRUE(log_.Append(event).ok());
  }
  void Checkpoint(uint64_t step) {
    v1::TrainEvent event;
    event.set_step(step);
    event.mutable_checkpoint()->set_step(step);
    EXPECT_TRUE(log_.Append(event).ok());
  }
  // The last that it does.
  void End(int exit_code, const std::string& message = "") {
    v1::TrainEvent event;
    event.mutable_trainer_end()->set_exit_code(exit_code);
    event.mutable_trainer_end()->set_message(message);
    EXPECT_TRUE(log_.Append(event).ok());
    Die();
  }
  void Die() { lock_.reset(); }

 private:
  std::optional<UniqueFd> lock_;
  EventLog log_;
};

class ExternalRunnerTest : public SupervisorTest {
 protected:
  ExternalRunnerTest() { options_.runner.external = true; }

  void Begin() { Start(fake_clock_); }
  void Restart() {
    supervisor_.reset();
    Begin();
  }
  RemoteTrainer TrainerOf(const std::string& id) { return RemoteTrainer(supervisor_->JobPath(id)); }
  // A job with a trainer that has told something.
  RemoteTrainer StartTraining(const std::string& id) {
    RemoteTrainer trainer = TrainerOf(id);
    trainer.Loss(1);
    WaitForState(id, v1::TRAIN_JOB_STATE_RUNNING);
    return trainer;
  }
  // Lets the time pass after which the server looks at locks.
  void PassTime() {
    fake_clock_.Advance(std::chrono::seconds(2));
    EXPECT_TRUE(absl::IsNotFound(Cancel("nobody").status()));  // so that the supervisor looks at the clock
  }
  // Waits for the events up to one of the state after `count` of it.
  v1::TrainStateChange WaitForAnother(const std::string& id, v1::TrainJobState state, int count) {
    return EventsUntil(id, [&](const auto& event) { return event.state_change().state() == state && count-- == 0; })
        .back()
        .state_change();
  }
  std::future<Info> PauseLater(const std::string& id) {
    auto promise = std::make_shared<std::promise<Info>>();
    supervisor_->Pause(id, [promise](Info info) { promise->set_value(std::move(info)); });
    WaitForState(id, v1::TRAIN_JOB_STATE_PAUSED);
    return promise->get_future();
  }
};

}  // namespace ganserve
