#include "server/jobs/trainer_process.h"

#include <gmock/gmock.h>
#include <signal.h>

#include <future>

#include "server/jobs/process_runner.h"

namespace ganserve {
namespace {

using ::testing::HasSubstr;

class TrainerProcessTest : public ::testing::Test {
 protected:
  void StartShell(const std::string& script, int niceness = 0, uint64_t memory_limit_bytes = 0) {
    const TrainerCommand command{{"/bin/sh", "-c", script}, niceness, memory_limit_bytes};
    auto process = TrainerProcess::Start(command, [this](const TrainerExit& exit) { exit_.set_value(exit); });
    ASSERT_TRUE(process.ok()) << process.status();
    process_ = *std::move(process);
  }
  TrainerExit WaitForExit() { return exit_.get_future().get(); }

  std::promise<TrainerExit> exit_;
  std::unique_ptr<TrainerProcess> process_;
};

TEST_F(TrainerProcessTest, ReportsExitCodeAndOutput) {
  StartShell("echo out; echo err >&2; exit 7");
  const TrainerExit exit = WaitForExit();
  EXPECT_EQ(exit.code, 7);
  EXPECT_EQ(exit.signal, 0);
  EXPECT_EQ(exit.output, "out\n");
  EXPECT_EQ(exit.last_errors, "err\n");
  EXPECT_EQ(exit.Describe(), "exit code 7");
}

TEST_F(TrainerProcessTest, ReportsTheSignalThatEndedIt) {
  StartShell("kill -SEGV $$");
  const TrainerExit exit = WaitForExit();
  EXPECT_EQ(exit.signal, SIGSEGV);
  EXPECT_EQ(exit.Describe(), "signal 11 (Segmentation fault)");
}

TEST_F(TrainerProcessTest, IsNicedFirstToGoAndBoundInMemory) {
  // `read` waits for a line that never comes; the numbers are those of the shell itself.
  StartShell("cat /proc/$$/oom_score_adj; cut -d' ' -f19 /proc/$$/stat; ulimit -d", 3, 512 << 20);
  const std::string niceness = std::to_string(std::min(19, ::nice(0) + 3));
  EXPECT_EQ(WaitForExit().output, "1000\n" + niceness + "\n524288\n");
}

TEST_F(TrainerProcessTest, HasNoneOfOurFilesAndAGroupOfItsOwn) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);  // inheritable, as a careless library's would be
  StartShell("cut -d' ' -f5 /proc/$$/stat; exec ls /proc/self/fd");
  const pid_t pid = process_->pid();
  EXPECT_EQ(WaitForExit().output, std::to_string(pid) + "\n0\n1\n2\n3\n") << "3 is what ls reads";
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(TrainerProcessTest, SignalsReachItAndNobodyElseAfterItsEnd) {
  StartShell("exec cat");
  process_->Signal(SIGTERM);
  // Standard input is empty, so it may have ended by itself just before.
  const TrainerExit exit = WaitForExit();
  EXPECT_TRUE(exit.signal == SIGTERM || exit.code == 0) << exit.Describe();
  process_->Signal(SIGKILL);
}

TEST_F(TrainerProcessTest, IsKilledByTheDestructor) {
  StartShell("trap '' TERM; while :; do read x < /dev/zero; done");
  process_.reset();
  EXPECT_EQ(WaitForExit().signal, SIGKILL);
}

TEST_F(TrainerProcessTest, AProgramThatIsNotThereIsNamed) {
  const auto process = TrainerProcess::Start({{"/no/such/trainer"}, 0, 0}, [](const TrainerExit&) { FAIL(); });
  ASSERT_FALSE(process.ok());
  EXPECT_THAT(std::string(process.status().message()), HasSubstr("/no/such/trainer: cannot start"));
}

TEST(RestartDelayTest, DoublesUpToItsLimit) {
  JobRunnerOptions options;
  options.restart_delay = std::chrono::milliseconds(100);
  options.max_restart_delay = std::chrono::milliseconds(500);
  std::vector<int64_t> delays;
  for (const int restarts : {0, 1, 2, 3, 1000}) delays.push_back(RestartDelay(options, restarts).count());
  EXPECT_THAT(delays, ::testing::ElementsAre(100, 200, 400, 500, 500));
}

}  // namespace
}  // namespace ganserve
