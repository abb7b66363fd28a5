// What a server leaves when it ends, and what the next one makes of it.
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/unit/jobs/supervisor_fixture.h"

namespace ganserve {
namespace {

using ::testing::HasSubstr;

TEST_F(SupervisorTest, ARunningJobGoesOnWithTheNextServer) {
  Start();
  const std::string id = SubmitOk("wait-once");
  WaitForState(id, v1::TRAIN_JOB_STATE_RUNNING);
  supervisor_.reset();
  Start();
  EXPECT_EQ(WaitForEnd(id).terminal().state(), v1::TRAIN_JOB_STATE_SUCCEEDED);
  EXPECT_EQ(Starts(id), 2U);
}

TEST_F(SupervisorTest, TheQueueKeepsItsOrderOverARestart) {
  Start();
  std::vector<std::string> ids = {SubmitOk("wait-once")};
  WaitForState(ids[0], v1::TRAIN_JOB_STATE_RUNNING);
  for (int i = 0; i < 4; ++i) ids.push_back(SubmitOk("finish"));
  // The second is moved to the end of the queue.
  ASSERT_TRUE(Pause(ids[1]).ok());
  ASSERT_TRUE(Resume(ids[1]).ok());
  std::rotate(ids.begin() + 1, ids.begin() + 2, ids.end());
  supervisor_.reset();
  Start();
  int64_t last = 0;
  for (const std::string& id : ids) {
    const int64_t time = WaitForEnd(id).unix_time_ms();
    EXPECT_GE(time, last) << id;
    last = time;
  }
}

TEST_F(SupervisorTest, APausedJobStaysPaused) {
  Start();
  const std::string id = SubmitOk("wait");
  WaitForState(id, v1::TRAIN_JOB_STATE_RUNNING);
  ASSERT_TRUE(Pause(id).ok());
  supervisor_.reset();
  Start();
  EXPECT_EQ(supervisor_->table().Get(id)->state(), v1::TRAIN_JOB_STATE_PAUSED);
}

TEST_F(SupervisorTest, StoppingEndsWatchesAndRefusesCalls) {
  Start();
  const std::string id = SubmitOk("wait");
  WaitForState(id, v1::TRAIN_JOB_STATE_RUNNING);
  std::promise<void> poked;
  std::atomic<int> calls = 0;
  auto watch = supervisor_->Watch(id, 0, [&] {
    if (++calls == 2) poked.set_value();
  });
  ASSERT_TRUE(watch.ok()) << watch.status();
  supervisor_->BeginStop();
  poked.get_future().wait();
  EXPECT_TRUE(absl::IsUnavailable((*watch)->Next().status()));
  EXPECT_TRUE(absl::IsUnavailable(Submit(Spec("finish")).status()));
  EXPECT_TRUE(absl::IsUnavailable(Cancel(id).status()));
}

TEST_F(SupervisorTest, AFolderThatIsNotNamedLikeAJobIsLeftAlone) {
  std::filesystem::create_directories(options_.jobs + "/my_job");
  folder_.Write("jobs/my_job/spec", R"({"data": "finish"})");
  Start();
  EXPECT_TRUE(supervisor_->table().List(10, "", {}).jobs.empty());
}

TEST_F(SupervisorTest, NoTwoServersHaveOneFolder) {
  Start();
  const auto second = TrainSupervisor::Create(options_, metrics_, Clock::Real());
  EXPECT_TRUE(absl::IsFailedPrecondition(second.status()));
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(options_.jobs));
}

TEST_F(SupervisorTest, AJobThatCannotBeReadIsLeftAloneAndTheOthersGoOn) {
  Start();
  const std::string id = SubmitOk("finish");
  WaitForEnd(id);
  supervisor_.reset();
  std::filesystem::create_directory(options_.jobs + "/broken");
  std::ofstream(options_.jobs + "/broken/spec") << "{\"data\": 7, ";
  Start();
  EXPECT_TRUE(supervisor_->table().Get(id).ok());
  EXPECT_TRUE(absl::IsNotFound(supervisor_->table().Get("broken").status()));
  EXPECT_TRUE(std::filesystem::exists(options_.jobs + "/broken/spec"));
}

TEST_F(SupervisorTest, AFolderThatCannotBeMadeIsNamed) {
  options_.jobs = folder_.Write("file", "") + "/jobs";
  const auto supervisor = TrainSupervisor::Create(options_, metrics_, Clock::Real());
  ASSERT_FALSE(supervisor.ok());
  EXPECT_THAT(std::string(supervisor.status().message()), HasSubstr(options_.jobs));
}

// The process that a trainer left behind holds its standard error; neither may keep the job from ending.
TEST_F(SupervisorTest, NoProcessOfATrainerOutlivesIt) {
  Start();
  const std::string id = SubmitOk("child");
  WaitForEnd(id);
  const pid_t child = static_cast<pid_t>(std::stol(ReadWhole(supervisor_->JobPath(id) + "/child")));
  // It has been killed; that takes a moment. One that was spared would hold this test for ever.
  const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  if (!pidfd.valid()) return;
  pollfd ended{pidfd.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&ended, 1, -1), 1);
}

}  // namespace
}  // namespace ganserve
