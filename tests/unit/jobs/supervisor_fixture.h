// A supervisor on a temporary folder, with the fake trainer, and what tests of it ask again and again.
#pragma once

#include <gmock/gmock.h>

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "server/jobs/job_state.h"
#include "server/jobs/train_supervisor.h"
#include "tests/support/fake_clock.h"
#include "tests/support/read_event_log.h"
#include "tests/support/temporary_folder.h"

namespace ganserve {

using Info = absl::StatusOr<v1::TrainJobInfo>;

class RecordingTrainMetrics final : public TrainMetrics {
 public:
  void SetJobs(const std::map<std::string, size_t>& by_state) override {
    const MutexLock lock(mutex_);
    by_state_ = by_state;
  }
  void SetJob(const std::string& job, const TrainJobFigures& figures) override {
    const MutexLock lock(mutex_);
    jobs_[job] = figures;
  }
  void RemoveJob(const std::string& job) override {
    const MutexLock lock(mutex_);
    jobs_.erase(job);
  }
  void ObserveCheckpoint(Seconds) override { ++checkpoints; }
  void CountRestart() override { ++restarts; }

  std::map<std::string, size_t> by_state() const {
    const MutexLock lock(mutex_);
    return by_state_;
  }
  std::map<std::string, TrainJobFigures> jobs() const {
    const MutexLock lock(mutex_);
    return jobs_;
  }

  std::atomic<int> checkpoints = 0;
  std::atomic<int> restarts = 0;

 private:
  mutable Mutex mutex_;
  std::map<std::string, size_t> by_state_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, TrainJobFigures> jobs_ ABSL_GUARDED_BY(mutex_);
};

class SupervisorTest : public ::testing::Test {
 protected:
  SupervisorTest() {
    options_.jobs = folder_.File("jobs");
    options_.runner.trainer = FAKE_TRAINER_PATH;
    options_.runner.data_root = folder_.path();
    options_.runner.niceness = 1;
    options_.runner.restart_delay = options_.runner.max_restart_delay = std::chrono::milliseconds(1);
    options_.check_data = [](const v1::TrainSpec&, std::stop_token) { return absl::OkStatus(); };
  }

  void Start(const Clock& clock = Clock::Real()) {
    auto supervisor = TrainSupervisor::Create(options_, metrics_, clock);
    ASSERT_TRUE(supervisor.ok()) << supervisor.status();
    supervisor_ = *std::move(supervisor);
    supervisor_->Start();
  }

  static v1::TrainSpec Spec(const std::string& behaviour) {
    v1::TrainSpec spec;
    spec.set_data(behaviour);
    return spec;
  }

  // Calls a method that answers through a function, and waits for the answer.
  static Info Await(const std::function<void(TrainSupervisor::Done)>& call) {
    auto promise = std::make_shared<std::promise<Info>>();
    call([promise](Info info) { promise->set_value(std::move(info)); });
    return promise->get_future().get();
  }
  Info Submit(const v1::TrainSpec& spec, const std::string& request_id = "") {
    v1::TrainJobRequest request;
    *request.mutable_spec() = spec;
    request.set_request_id(request_id);
    return Await([&](auto done) { supervisor_->Submit(request, done); });
  }
  std::string SubmitOk(const std::string& behaviour) {
    const Info info = Submit(Spec(behaviour));
    EXPECT_TRUE(info.ok()) << info.status();
    return info.ok() ? info->id() : "";
  }
  Info Cancel(const std::string& id) {
    return Await([&](auto done) { supervisor_->Cancel(id, done); });
  }
  Info Pause(const std::string& id) {
    return Await([&](auto done) { supervisor_->Pause(id, done); });
  }
  Info Resume(const std::string& id) {
    return Await([&](auto done) { supervisor_->Resume(id, done); });
  }
  Info Delete(const std::string& id) {
    return Await([&](auto done) { supervisor_->Delete(id, done); });
  }

  // The job's events from the first to the first for which `is_last` holds; waits for them.
  std::vector<v1::TrainEvent> EventsUntil(const std::string& id,
                                          const std::function<bool(const v1::TrainEvent&)>& is_last) {
    Mutex mutex;
    CondVar changed;
    bool news = false;
    auto watch = supervisor_->Watch(id, 0, [&] {
      const MutexLock lock(mutex);
      news = true;
      changed.NotifyOne();
    });
    EXPECT_TRUE(watch.ok()) << watch.status();
    std::vector<v1::TrainEvent> events;
    while (watch.ok()) {
      auto event = (*watch)->Next();
      EXPECT_TRUE(event.ok()) << event.status();
      if (!event.ok()) break;
      if (*event) {
        events.push_back(**event);
        if (is_last(**event)) break;
        continue;
      }
      const MutexLock lock(mutex);
      while (!news) changed.Wait(mutex);
      news = false;
    }
    return events;
  }

  v1::TrainEvent WaitForEnd(const std::string& id) {
    return EventsUntil(id, [](const auto& event) { return event.has_terminal(); }).back();
  }
  void WaitForState(const std::string& id, v1::TrainJobState state) {
    EventsUntil(id, [&](const auto& event) { return event.state_change().state() == state; });
  }

  // The states that the job has been in, in order.
  std::vector<std::string> States(const std::string& id) {
    std::vector<std::string> states;
    const auto contents = ReadEventLog(supervisor_->JobPath(id) + "/events");
    EXPECT_TRUE(contents.ok()) << contents.status();
    for (const v1::TrainEvent& event : contents->events) {
      if (event.has_state_change()) states.push_back(TrainJobStateName(event.state_change().state()));
      if (event.has_terminal()) states.push_back(TrainJobStateName(event.terminal().state()));
    }
    return states;
  }
  size_t Starts(const std::string& id) { return ReadWhole(supervisor_->JobPath(id) + "/starts").size(); }

  const TemporaryFolder folder_;
  RecordingTrainMetrics metrics_;
  FakeClock fake_clock_;  // for Start
  TrainSupervisor::Options options_;
  std::unique_ptr<TrainSupervisor> supervisor_;
};

}  // namespace ganserve
