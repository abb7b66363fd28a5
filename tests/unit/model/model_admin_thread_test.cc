#include "server/model/model_admin_thread.h"

#include <gmock/gmock.h>

#include <condition_variable>
#include <future>

#include "tests/unit/model/model_switch_fixture.h"

namespace ganserve {
namespace {

using testing::HasSubstr;

class ModelAdminThreadTest : public ModelSwitchFixture {
 protected:
  void SetUp() override {
    for (const uint64_t version : {1, 2}) AddVersion(version);
    replica_ = Start();
    thread_ = std::make_unique<ModelAdminThread>(*replica_->change);
  }

  std::future<absl::StatusOr<StoredVersion>> Activate(uint64_t version) {
    auto promise = std::make_shared<std::promise<absl::StatusOr<StoredVersion>>>();
    thread_->Activate("shoes", version, [promise](auto result) { promise->set_value(std::move(result)); });
    return promise->get_future();
  }

  std::future<absl::StatusOr<StoredVersion>> Promote() {
    auto promise = std::make_shared<std::promise<absl::StatusOr<StoredVersion>>>();
    thread_->Promote({.job_id = "job-7", .checkpoint_step = {}, .model = "shoes"},
                     [promise](auto result) { promise->set_value(std::move(result)); });
    return promise->get_future();
  }

  // The exporter stands still until it is told to stop; the future is there once it does.
  std::future<void> HoldExport() {
    auto held = std::make_shared<std::promise<void>>();
    exporter_.before_export = [this, held](const std::string&, const std::stop_token& stop) {
      held->set_value();
      std::mutex mutex;
      std::unique_lock lock(mutex);
      std::condition_variable_any().wait(lock, stop, [] { return false; });
      exporter_.status = absl::CancelledError("stopped");
    };
    return held->get_future();
  }

  std::unique_ptr<Replica> replica_;
  std::unique_ptr<ModelAdminThread> thread_;
};

TEST_F(ModelAdminThreadTest, ChangesHappenInTheOrderOfTheCalls) {
  auto first = Activate(1);
  auto second = Activate(2);
  auto third = Activate(1);
  EXPECT_EQ(third.get().value().version, 1u);
  EXPECT_EQ(first.get().value().version, 1u);
  EXPECT_EQ(second.get().value().version, 2u);
  EXPECT_EQ(replica_->OnDuty(), 1u);
  std::promise<absl::Status> deleted;
  thread_->Delete("shoes", 2, [&](absl::Status status) { deleted.set_value(std::move(status)); });
  EXPECT_TRUE(deleted.get_future().get().ok());
  EXPECT_EQ(thread_->List()->front().versions.size(), 1u);
}

TEST_F(ModelAdminThreadTest, FollowsWhenAskedTo) {
  AddVersion(3);
  thread_->Follow();
  EXPECT_EQ(Activate(3).get().value().version, 3u);
  EXPECT_EQ(replica_->Switches(SwitchCause::kFollowed, true), 1) << "the look came before the call";
}

TEST_F(ModelAdminThreadTest, RefusesWhatIsTooMuchToWait) {
  auto held = HoldExport();
  auto promoted = Promote();
  held.wait();
  std::vector<std::future<absl::StatusOr<StoredVersion>>> waiting;
  for (size_t i = 0; i < ModelAdminThread::kMaxQueued; ++i) waiting.push_back(Activate(1));
  const absl::Status refusal = Activate(1).get().status();
  EXPECT_EQ(refusal.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refusal.message()), HasSubstr("16 changes of models wait already"));
  thread_->Close();
  EXPECT_EQ(promoted.get().status().code(), absl::StatusCode::kCancelled);
}

TEST_F(ModelAdminThreadTest, ClosingStopsAnExportAndAnswersWhatWaits) {
  auto held = HoldExport();
  auto promoted = Promote();
  held.wait();
  auto waiting = Activate(1);
  thread_->BeginStop();
  EXPECT_EQ(promoted.get().status(), absl::CancelledError("stopped"));
  EXPECT_EQ(waiting.get().status(), absl::UnavailableError("the server is stopping"));
  EXPECT_EQ(Activate(1).get().status(), absl::UnavailableError("the server is stopping"));
  EXPECT_EQ(replica_->OnDuty(), 2u);
  thread_->Close();
}

}  // namespace
}  // namespace ganserve
