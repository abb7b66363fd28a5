// Following a job at a terminal: progress, and what Ctrl-C does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "client/ganctl/exit_code.h"
#include "tests/unit/client/terminal.h"
#include "tests/unit/client/training_commands.h"

namespace ganserve::ganctl {
namespace {

using client::LossEvent;
using client::StateEvent;
using client::TerminalEvent;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CtrlC : public TrainingCommandsTest {
 protected:
  CtrlC() { training().Append(StateEvent(v1::TRAIN_JOB_STATE_RUNNING)); }

  // Presses it at a terminal once the job is followed, and waits for the question.
  void AskedAtATerminal(GanctlProcess& process, Terminal& terminal) {
    terminal.WaitFor("RUNNING");
    process.Signal(SIGINT);
    terminal.WaitFor("Job j1 is still at work: d to detach, c to cancel it?");
  }

  const std::vector<std::string> arguments_ = {"train", "--data", "d"};
};

TEST_F(CtrlC, AsksAndDetaches) {
  Terminal terminal;
  GanctlProcess process(arguments_, Environment(), terminal.streams());
  AskedAtATerminal(process, terminal);
  terminal.Type("what?\nd\n");
  terminal.WaitFor("job j1 goes on; follow it with: ganctl jobs watch j1");
  EXPECT_EQ(process.Wait(), kOk);
  EXPECT_THAT(training().calls(), IsEmpty());
}

TEST_F(CtrlC, AsksAndCancelsAndFollowsToTheEnd) {
  Terminal terminal;
  GanctlProcess process(arguments_, Environment(), terminal.streams());
  AskedAtATerminal(process, terminal);
  terminal.Type("c\n");
  terminal.WaitFor("CANCELLED");
  EXPECT_EQ(process.Wait(), kJobCancelled);
  EXPECT_THAT(training().calls(), ElementsAre("cancel j1"));
  EXPECT_EQ(training().streams().back().after_sequence, 1u);
}

TEST_F(CtrlC, TheSecondOneDetaches) {
  Terminal terminal;
  GanctlProcess process(arguments_, Environment(), terminal.streams());
  AskedAtATerminal(process, terminal);
  process.Signal(SIGINT);
  terminal.WaitFor("job j1 goes on");
  EXPECT_EQ(process.Wait(), kInterrupted);
  EXPECT_THAT(training().calls(), IsEmpty());
}

TEST_F(CtrlC, SigtermDetachesWithoutAQuestion) {
  Terminal terminal;
  GanctlProcess process(arguments_, Environment(), terminal.streams());
  terminal.WaitFor("RUNNING");
  process.Signal(SIGTERM);
  terminal.WaitFor("job j1 goes on");
  EXPECT_EQ(process.Wait(), kInterrupted);
}

TEST_F(CtrlC, DetachesWithoutATerminal) {
  Terminal output;
  GanctlProcess process(arguments_, Environment(), {.out = output.name()});
  output.WaitFor("RUNNING");
  process.Signal(SIGINT);
  EXPECT_EQ(process.Wait(), kInterrupted);
  EXPECT_EQ(process.err(), "ganctl: job j1 goes on; follow it with: ganctl jobs watch j1\n");
  EXPECT_THAT(training().calls(), IsEmpty());
}

TEST_F(TrainingCommandsTest, DrawsProgressOnATerminal) {
  training().Append(LossEvent(2076, 0.69314, 1.204));
  Terminal terminal;
  GanctlProcess process({"jobs", "watch", "j1"}, Environment(), terminal.streams());
  terminal.WaitFor("[    ] step 2076/93800 1:03:00 to go epoch 3/100 912 images/s D 0.6931 G 1.2040");
  training().Append(TerminalEvent(v1::TRAIN_JOB_STATE_SUCCEEDED));
  EXPECT_EQ(process.Wait(), kOk);
}

TEST_F(TrainingCommandsTest, ProgressOnATerminalKeepsUpWithTheLosses) {
  WriteJob(v1::TRAIN_JOB_STATE_SUCCEEDED);
  Terminal terminal;
  GanctlProcess process({"jobs", "watch", "j1"}, Environment(), terminal.streams());
  EXPECT_EQ(process.Wait(), kOk);
  const std::string& screen = terminal.WholeScreen();
  for (const char* step : {"step 100/93800", "step 200/93800", "step 1038/93800", "step 2076/93800"}) {
    EXPECT_THAT(screen, HasSubstr(step));
  }
}

TEST_F(TrainingCommandsTest, ProgressOnATerminalKeepsUpWithLossesThatAreNotPrinted) {
  WriteJob(v1::TRAIN_JOB_STATE_SUCCEEDED);
  Terminal terminal;
  GanctlProcess process({"jobs", "watch", "j1", "--every", "5"}, Environment(), terminal.streams());
  EXPECT_EQ(process.Wait(), kOk);
  // At the latest when it is drawn again below the next line.
  EXPECT_THAT(terminal.WholeScreen(), HasSubstr("step 2076/93800"));
}

TEST_F(TrainingCommandsTest, ANarrowTerminalShowsTheStepAndTheTimeToGo) {
  WriteJob(v1::TRAIN_JOB_STATE_SUCCEEDED);
  Terminal terminal(30);
  GanctlProcess process({"jobs", "watch", "j1"}, Environment(), terminal.streams());
  EXPECT_EQ(process.Wait(), kOk);
  EXPECT_THAT(terminal.WholeScreen(), HasSubstr("\033[Kstep 2076/93800 1:03:00 to go\r"));
}

}  // namespace
}  // namespace ganserve::ganctl
