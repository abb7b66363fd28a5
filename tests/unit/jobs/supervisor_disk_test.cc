#include <signal.h>
#include <sys/resource.h>

#include "tests/unit/jobs/supervisor_fixture.h"

namespace ganserve {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// While it lives, no file of this process grows beyond `bytes`: for an event log as good as a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(uintmax_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &before_), 0);
    Set(bytes);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() { Set(before_.rlim_cur); }

 private:
  void Set(rlim_t bytes) const {
    const rlimit limit{bytes, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  }

  rlimit before_{};
};

// One job at a time: another one runs, so that nothing starts.
class FullDiskTest : public SupervisorTest {
 protected:
  FullDiskTest() {
    Start();
    WaitForState(SubmitOk("wait"), v1::TRAIN_JOB_STATE_RUNNING);
    id_ = SubmitOk("finish");
  }

  uintmax_t EventBytes() { return std::filesystem::file_size(supervisor_->JobPath(id_) + "/events"); }

  std::string id_;  // of a QUEUED job
};

TEST_F(FullDiskTest, AChangeThatIsNotOnDiskIsNotAnsweredAsIfItWere) {
  {
    const FileSizeLimit full(EventBytes());
    for (int times = 0; times < 2; ++times) {
      const Info info = Cancel(id_);
      EXPECT_THAT(std::string(info.status().message()),
                  AllOf(HasSubstr("is CANCELLED, but its history could not be written yet"), HasSubstr("/events")));
    }
    EXPECT_EQ(supervisor_->table().Get(id_)->state(), v1::TRAIN_JOB_STATE_CANCELLED);
    EXPECT_THAT(States(id_), ElementsAre("QUEUED"));
  }
  EXPECT_TRUE(Cancel(id_).ok());
  EXPECT_THAT(States(id_), ElementsAre("QUEUED", "CANCELLED"));
}

TEST_F(FullDiskTest, AResumedJobIsQueuedOnceAndOnDiskWhenThereIsRoom) {
  ASSERT_TRUE(Pause(id_).ok());
  {
    const FileSizeLimit full(EventBytes());
    EXPECT_THAT(std::string(Resume(id_).status().message()), HasSubstr("is QUEUED, but its history could not"));
  }
  EXPECT_TRUE(Resume(id_).ok());
  EXPECT_THAT(States(id_), ElementsAre("QUEUED", "PAUSED", "QUEUED"));
}

TEST_F(FullDiskTest, AJobThatCannotBeWrittenDownIsNone) {
  {
    const FileSizeLimit full(0);
    EXPECT_FALSE(Submit(Spec("finish"), "mine").ok());
  }
  EXPECT_EQ(supervisor_->table().List(10, "", {}).jobs.size(), 2U);
  EXPECT_TRUE(Submit(Spec("finish"), "mine").ok());
}

}  // namespace
}  // namespace ganserve
