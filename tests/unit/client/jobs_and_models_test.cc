// ganctl jobs, models and plot, and all help texts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "client/ganctl/exit_code.h"
#include "client/ganctl/pixels.h"
#include "tests/unit/client/training_commands.h"

namespace ganserve::ganctl {
namespace {

using client::LossEvent;
using client::StateEvent;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

v1::TrainJobInfo Job(const std::string& id, v1::TrainJobState state) {
  v1::TrainJobInfo job;
  job.set_id(id);
  job.set_state(state);
  job.set_create_time_ms(1'764'067'188'000);
  job.mutable_spec()->set_data("garments");
  return job;
}

TEST_F(TrainingCommandsTest, ListsJobsOfAllPagesUpToTheLimit) {
  std::vector<v1::TrainJobInfo> jobs;
  for (int i = 1; i <= 5; ++i) jobs.push_back(Job("job" + std::to_string(i), v1::TRAIN_JOB_STATE_RUNNING));
  jobs[0].mutable_last_losses()->set_generator_loss(1.25);
  training().SetJobs(jobs);
  EXPECT_EQ(Run({"jobs", "list"}), kOk) << err_;
  EXPECT_THAT(out_, AllOf(HasSubstr("1.2500"), HasSubstr("job5"), HasSubstr("RUNNING"), HasSubstr("garments"),
                          HasSubstr("2025-11-25 10:39:48")));
  EXPECT_EQ(Run({"jobs", "list", "--limit", "3", "--state", "running", "--state", "PAUSED", "--json"}), kOk) << err_;
  EXPECT_EQ(nlohmann::json::parse(out_)["jobs"].size(), 3u);
  EXPECT_THAT(training().last_list().states(), ElementsAre(v1::TRAIN_JOB_STATE_RUNNING, v1::TRAIN_JOB_STATE_PAUSED));
  EXPECT_EQ(Run({"jobs", "list", "--limit", "0", "--json"}), kOk) << err_;
  EXPECT_EQ(nlohmann::json::parse(out_)["jobs"].size(), 5u);
}

TEST_F(TrainingCommandsTest, ShowsAJob) {
  EXPECT_EQ(Run({"jobs", "show", "j7"}), kOk) << err_;
  EXPECT_THAT(out_, AllOf(HasSubstr("j7\n"), HasSubstr("RUNNING\n"), HasSubstr("data: \"garments\"")));
  EXPECT_EQ(Run({"jobs", "show", "j7", "--json"}), kOk) << err_;
  EXPECT_EQ(nlohmann::json::parse(out_)["spec"]["data"], "garments");
}

TEST_F(TrainingCommandsTest, ShowsSpeedAndTimeToGoOnlyOfAJobAtWork) {
  v1::TrainJobInfo running = Job("running", v1::TRAIN_JOB_STATE_RUNNING);
  running.mutable_last_losses()->set_images_per_second(70);
  running.mutable_last_losses()->set_eta_seconds(200);
  v1::TrainJobInfo paused = running;
  paused.set_id("paused");
  paused.set_state(v1::TRAIN_JOB_STATE_PAUSED);
  training().SetJobs({running, paused});
  EXPECT_EQ(Run({"jobs", "show", "running"}), kOk) << err_;
  EXPECT_THAT(out_, HasSubstr("speed       70 images/s, 3:20 to go\n"));
  EXPECT_EQ(Run({"jobs", "show", "paused"}), kOk) << err_;
  EXPECT_THAT(out_, AllOf(HasSubstr("losses      D 0.0000"), Not(HasSubstr("to go"))));
}

TEST_F(TrainingCommandsTest, SteersJobs) {
  EXPECT_EQ(Run({"jobs", "pause", "j1"}), kOk) << err_;
  EXPECT_EQ(out_, "job j1 PAUSED\n");
  EXPECT_EQ(Run({"jobs", "resume", "j1"}), kOk) << err_;
  EXPECT_EQ(out_, "job j1 QUEUED\n");
  EXPECT_EQ(Run({"jobs", "cancel", "j1"}), kOk) << err_;
  EXPECT_EQ(out_, "job j1 CANCELLING\n");
  EXPECT_EQ(Run({"jobs", "delete", "j1"}), kOk) << err_;
  EXPECT_EQ(out_, "job j1 deleted\n");
  EXPECT_THAT(training().calls(), ElementsAre("pause j1", "resume j1", "cancel j1", "delete j1"));
  training().Answer({grpc::StatusCode::FAILED_PRECONDITION, "job j1 is SUCCEEDED"});
  EXPECT_EQ(Run({"jobs", "pause", "j1"}), kFailed);
  EXPECT_EQ(err_, "ganctl: FAILED_PRECONDITION: job j1 is SUCCEEDED\n");
}

v1::ModelVersion Version(uint64_t number, bool on_duty) {
  v1::ModelVersion version;
  version.set_model("garments");
  version.set_version(number);
  version.set_on_duty(on_duty);
  version.set_digest("0123456789abcdef");
  if (number == 7) version.set_job_id("j1");
  return version;
}

TEST_F(TrainingCommandsTest, ListsModelsAndVersions) {
  server_.models().SetVersions({Version(8, false), Version(7, true)});
  EXPECT_EQ(Run({"models", "list"}), kOk) << err_;
  EXPECT_THAT(out_, AllOf(HasSubstr("digits                           -\n"), HasSubstr("garments"), HasSubstr(" 7\n")));
  EXPECT_EQ(Run({"models", "list", "garments"}), kOk) << err_;
  EXPECT_THAT(out_,
              AllOf(HasSubstr("8 no       0123456789ab -\n"), HasSubstr("7 yes      0123456789ab job j1, step 0\n")));
  EXPECT_EQ(Run({"models", "list", "garments", "--json"}), kOk) << err_;
  EXPECT_EQ(nlohmann::json::parse(out_)["versions"].size(), 2u);
}

TEST_F(TrainingCommandsTest, PromotesActivatesAndDeletes) {
  EXPECT_EQ(Run({"models", "promote", "j1", "--model", "garments"}), kOk) << err_;
  EXPECT_EQ(out_, "model garments version 8 is on duty (job j1, step 900, digest abc)\n");
  EXPECT_FALSE(server_.models().last_promotion().has_checkpoint_step());
  EXPECT_FALSE(server_.models().last_promotion().only_if_not_worse());
  EXPECT_EQ(Run({"models", "promote", "j1", "--model", "garments", "--step", "0", "--only-if-not-worse"}), kOk) << err_;
  EXPECT_TRUE(server_.models().last_promotion().only_if_not_worse());
  EXPECT_TRUE(server_.models().last_promotion().has_checkpoint_step());
  EXPECT_EQ(Run({"models", "activate", "garments", "3"}), kOk) << err_;
  EXPECT_EQ(out_, "model garments version 3 is on duty (digest abc)\n");
  EXPECT_EQ(Run({"models", "delete", "garments", "2"}), kOk) << err_;
  EXPECT_EQ(out_, "model garments version 2 deleted\n");
  EXPECT_THAT(server_.models().calls(),
              ElementsAre("promote j1", "promote j1", "activate garments 3", "delete garments 2"));
}

TEST_F(TrainingCommandsTest, APromotionWhoseAnswerIsLostIsNotMadeTwice) {
  server_.models().Answer({grpc::StatusCode::UNAVAILABLE, "gone"});
  EXPECT_EQ(Run({"models", "promote", "j1", "--model", "m", "--attempts", "3"}), kUnavailable);
  EXPECT_THAT(server_.models().calls(), ElementsAre("promote j1"));
}

TEST_F(TrainingCommandsTest, RollbackGoesToTheVersionBeforeTheOneOnDuty) {
  server_.models().SetVersions({Version(9, false), Version(7, true), Version(4, false), Version(3, false)});
  EXPECT_EQ(Run({"models", "rollback", "garments"}), kOk) << err_;
  EXPECT_THAT(server_.models().calls(), ElementsAre("activate garments 4"));
  server_.models().SetVersions({Version(9, false), Version(7, true)});
  EXPECT_EQ(Run({"models", "rollback", "garments"}), kFailed);
  EXPECT_THAT(err_, HasSubstr("model garments has no version before 7, the one on duty"));
}

TEST_F(TrainingCommandsTest, PlotsAJobThatIsStillAtWork) {
  for (uint64_t step = 1; step <= 50; ++step) training().Append(LossEvent(step * 100, 0.7, 1.5));
  EXPECT_EQ(Run({"plot", "j1", "--out", folder_ + "/loss.svg"}), kOk) << err_;
  EXPECT_THAT(ReadWhole(folder_ + "/loss.svg"), StartsWith("<?xml"));
  EXPECT_THAT(out_, HasSubstr("loss.svg, 50 loss events up to step 5000\n"));
  EXPECT_EQ(Run({"plot", "j1", "--out", folder_ + "/loss.PNG"}), kOk) << err_;
  EXPECT_TRUE(DecodePng(ReadWhole(folder_ + "/loss.PNG")).ok());
}

TEST_F(TrainingCommandsTest, PlotsIntoANewFolderOrSaysWhyNot) {
  training().Append(LossEvent(100, 0.7, 1.5));
  EXPECT_EQ(Run({"plot", "j1", "--out", folder_ + "/new/plots/loss.svg"}), kOk) << err_;
  EXPECT_THAT(ReadWhole(folder_ + "/new/plots/loss.svg"), StartsWith("<?xml"));
  EXPECT_EQ(Run({"plot", "j1", "--out", "/dev/null/x/loss.svg"}), kFailed);
  EXPECT_THAT(err_, StartsWith("ganctl: cannot create the folder /dev/null/x: "));
}

TEST_F(TrainingCommandsTest, AJobWithoutLossesCannotBePlotted) {
  training().Append(StateEvent(v1::TRAIN_JOB_STATE_QUEUED));
  EXPECT_EQ(Run({"plot", "j1", "--out", folder_ + "/loss.svg"}), kFailed);
  EXPECT_EQ(err_, "ganctl: FAILED_PRECONDITION: job j1 has not reported any losses yet\n");
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/loss.svg"));
}

TEST_F(TrainingCommandsTest, TheHelpOfEveryFieldHasTheServersDefault) {
  EXPECT_EQ(Run({"train", "--help"}), kOk);
  // As training.proto and the standard recipe have them.
  for (const char* flag :
       {"--recipe TEXT:{standard,classic}=standard", "--image-size,--size UINT=32", "--channels UINT=1",
        "--width UINT=64", "--batch-size,--batch UINT=64", "--epochs UINT=25 ", "relativistic}=relativistic",
        "--r1-penalty FLOAT=1", "--discriminator-norm TEXT:{none,batch,spectral}=none", "--generator-beta2 FLOAT=0.999",
        "--ema-decay FLOAT=0.999", "--seed UINT=1", "--evaluate-every-steps UINT=500", "--kept-checkpoints UINT=2",
        "--threads UINT=1"}) {
    EXPECT_THAT(out_, HasSubstr(flag));
  }
}

TEST_F(TrainingCommandsTest, HelpFitsIntoAHundredColumns) {
  const std::vector<std::vector<std::string>> commands = {
      {},
      {"generate"},
      {"health"},
      {"info"},
      {"bench"},
      {"train"},
      {"jobs"},
      {"jobs", "list"},
      {"jobs", "show"},
      {"jobs", "watch"},
      {"plot"},
      {"models"},
      {"models", "list"},
      {"models", "promote"},
      {"models", "activate"},
      {"models", "rollback"},
  };
  for (std::vector<std::string> command : commands) {
    command.push_back("--help");
    EXPECT_EQ(Run(command), kOk);
    std::istringstream lines(out_);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
  }
}

}  // namespace
}  // namespace ganserve::ganctl
