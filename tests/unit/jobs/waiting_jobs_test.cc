#include "server/jobs/waiting_jobs.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "server/jobs/event_log.h"
#include "server/jobs/job_state.h"
#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class WaitingJobsTest : public testing::Test {
 protected:
  void Make(const std::string& name) const {
    std::filesystem::create_directory(Path(name));
    folder_.Write(name + "/spec", "{}");
  }
  std::string Path(const std::string& name) const { return folder_.File(name); }
  void Append(const std::string& name, const v1::TrainEvent& event) const {
    auto log = EventLog::Open(Path(name) + "/events");
    ASSERT_TRUE(log.ok() && log->Append(event).ok());
  }
  void Queue(const std::string& name, uint64_t ticket) const {
    v1::TrainEvent event;
    event.mutable_state_change()->set_state(v1::TRAIN_JOB_STATE_QUEUED);
    event.mutable_state_change()->set_queue_ticket(ticket);
    Append(name, event);
  }
  void Tell(const std::string& name, v1::TrainJobState state) const {
    v1::TrainEvent event;
    TellState(state, "", &event);
    Append(name, event);
  }
  std::vector<std::string> Look() {
    const auto paths = jobs_.Look();
    EXPECT_TRUE(paths.ok()) << paths.status();
    return paths.value_or(std::vector<std::string>());
  }

  const TemporaryFolder folder_;
  WaitingJobs jobs_{folder_.path()};
};

TEST_F(WaitingJobsTest, TheLowestTicketComesFirst) {
  for (const char* name : {"a", "b", "c"}) Make(name);
  Queue("a", 12);
  Queue("b", 3);
  Queue("c", 7);
  EXPECT_THAT(Look(), ElementsAre(Path("b"), Path("c"), Path("a")));
}

TEST_F(WaitingJobsTest, OnlyJobsThatAServerWantsTrainedWait) {
  for (const char* name : {"ended", "fresh", "mine", "paused"}) Make(name);
  std::filesystem::create_directory(Path("no_job"));
  folder_.Write("lock", "");
  Queue("ended", 1);
  Tell("ended", v1::TRAIN_JOB_STATE_CANCELLED);
  Queue("paused", 2);
  Tell("paused", v1::TRAIN_JOB_STATE_PAUSED);
  Tell("mine", v1::TRAIN_JOB_STATE_RUNNING);  // by a trainer without a server
  EXPECT_THAT(Look(), IsEmpty());
}

TEST_F(WaitingJobsTest, WhatChangesBetweenTwoLooksIsSeen) {
  EXPECT_THAT(Look(), IsEmpty());
  Make("a");
  EXPECT_THAT(Look(), IsEmpty()) << "not queued yet";
  Queue("a", 1);
  EXPECT_THAT(Look(), ElementsAre(Path("a")));
  Tell("a", v1::TRAIN_JOB_STATE_PAUSED);
  EXPECT_THAT(Look(), IsEmpty());
  Queue("a", 2);
  EXPECT_THAT(Look(), ElementsAre(Path("a")));
  std::filesystem::remove_all(Path("a"));
  EXPECT_THAT(Look(), IsEmpty());
}

TEST_F(WaitingJobsTest, AHistoryThatCannotBeReadIsLeftOut) {
  Make("a");
  Make("b");
  Queue("a", 1);
  Queue("b", 2);
  std::filesystem::remove(Path("a") + "/events");
  std::filesystem::create_directory(Path("a") + "/events");
  EXPECT_THAT(Look(), ElementsAre(Path("b")));
}

TEST_F(WaitingJobsTest, AFolderThatIsNotThereIsNamed) {
  const auto paths = WaitingJobs(folder_.File("nowhere")).Look();
  EXPECT_TRUE(absl::IsUnavailable(paths.status()));
  EXPECT_THAT(std::string(paths.status().message()), testing::HasSubstr(folder_.File("nowhere")));
}

}  // namespace
}  // namespace ganserve
