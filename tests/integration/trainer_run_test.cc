// What the commands of the real trainer promise to a supervisor and to people: exit codes, states, files.
#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "tests/integration/trainer_process.h"

namespace ganserve {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class TrainerRunTest : public testing::Test {
 protected:
  std::string Model(const std::string& folder) const { return ReadWhole(folder + "/model.pt"); }

  // Starts a long run and returns when it has trained some steps.
  std::unique_ptr<TrainerRun> Start(const std::string& job, const std::vector<std::string>& more = {}) {
    auto process = std::make_unique<TrainerRun>(jobs_.RunArguments(job, more), jobs_.errors_file());
    process->ReadLines(10);
    return process;
  }

  std::vector<std::string> Export(const std::string& job, const std::string& out) {
    return {"export", "--job-dir", job, "--out", out};
  }

  TrainerJobs jobs_;
};

TEST_F(TrainerRunTest, ARunThatWasStoppedWritesACheckpointAndEndsLikeOneThatWasNot) {
  const std::string whole = jobs_.Create("whole", TrainerJobs::LongSpec());
  ASSERT_EQ(jobs_.Run(whole), kFinished) << jobs_.errors();
  v1::TrainSpec spec = TrainerJobs::LongSpec();
  spec.set_checkpoint_every_steps(150);  // so that the one of the stop is not one that was due
  const std::string job = jobs_.Create("stopped", spec);
  const auto trainer = Start(job);
  trainer->Signal(SIGTERM);
  EXPECT_EQ(trainer->Wait(), kStopped) << jobs_.errors();
  const v1::TrainEvent stop = Events(job).back();
  EXPECT_EQ(stop.state_change().state(), v1::TRAIN_JOB_STATE_PAUSED);
  EXPECT_THAT(Files(job + "/checkpoints"), ElementsAre(std::to_string(stop.step()) + ".ckpt"));
  EXPECT_THAT(Files(job + "/exports"), IsEmpty());

  ASSERT_EQ(jobs_.Run(job), kFinished) << jobs_.errors();
  EXPECT_TRUE(Model(job + "/exports/200") == Model(whole + "/exports/200"));
  const auto losses = [](const std::string& of) {
    std::vector<std::string> found = History(of);
    std::erase_if(found, [](const std::string& event) { return event.find("losses") == std::string::npos; });
    return found;
  };
  EXPECT_EQ(losses(job).size(), 200U);
  EXPECT_EQ(losses(job), losses(whole));
  EXPECT_THAT(States(job), ElementsAre(v1::TRAIN_JOB_STATE_RUNNING, v1::TRAIN_JOB_STATE_PAUSED,
                                       v1::TRAIN_JOB_STATE_RUNNING, v1::TRAIN_JOB_STATE_SUCCEEDED));
}

TEST_F(TrainerRunTest, TellsFirstThatItRunsAndLosesNoNumber) {
  const std::string job = jobs_.Create("job", TrainerJobs::Spec());
  ASSERT_EQ(jobs_.Run(job), kFinished) << jobs_.errors();
  const auto events = Events(job);
  EXPECT_EQ(events[0].log_line().text(), "Training from the start: 60 steps");
  EXPECT_EQ(events[1].state_change().state(), v1::TRAIN_JOB_STATE_RUNNING);
  const auto first_losses = [](const v1::TrainEvent& event) { return event.has_losses(); };
  const v1::TrainEvent& first = *std::find_if(events.begin(), events.end() - 1, first_losses);
  EXPECT_EQ(first.step(), 3U);
  EXPECT_EQ(first.losses().steps_left(), 60U - first.step());
  EXPECT_EQ(first.epoch(), 1U);
  EXPECT_EQ(first.losses().epochs(), 6U);
  EXPECT_EQ(first.losses().batches(), 10U);
  EXPECT_GT(first.losses().images_per_second(), 0);
  EXPECT_GT(first.losses().eta_seconds(), 0);
  EXPECT_GT(first.losses().real_score(), 0);
  EXPECT_GT(first.losses().fake_score(), 0);
  EXPECT_GT(first.losses().discriminator_gradient_norm(), 0);
  EXPECT_GT(first.losses().generator_gradient_norm(), 0);
}

TEST_F(TrainerRunTest, LeavesStatesToAServer) {
  const std::string job = jobs_.Create("job", TrainerJobs::LongSpec());
  const auto trainer = Start(job, {"--supervised"});
  trainer->Signal(SIGTERM);
  EXPECT_EQ(trainer->Wait(), kStopped) << jobs_.errors();
  EXPECT_EQ(jobs_.Execute(jobs_.RunArguments(job, {"--supervised"})), kFinished) << jobs_.errors();
  EXPECT_THAT(States(job), IsEmpty());
  EXPECT_TRUE(fs::exists(job + "/exports/200/model.pt"));
}

TEST_F(TrainerRunTest, ADirectoryHasOneTrainer) {
  const std::string job = jobs_.Create("job", TrainerJobs::LongSpec());
  const auto trainer = Start(job);
  EXPECT_EQ(jobs_.Run(job), kError);
  EXPECT_THAT(jobs_.errors(), HasSubstr("another trainer works on this job"));
  EXPECT_EQ(trainer->Wait(), kFinished);
}

TEST_F(TrainerRunTest, AJobThatHasEndedIsLeftAsItIs) {
  const std::string job = jobs_.Create("job", TrainerJobs::Spec());
  ASSERT_EQ(jobs_.Run(job), kFinished) << jobs_.errors();
  const std::string events = ReadWhole(job + "/events");
  EXPECT_EQ(jobs_.Run(job), kFinished);
  EXPECT_TRUE(ReadWhole(job + "/events") == events);
}

TEST_F(TrainerRunTest, WhatWouldFailAgainIsAPermanentFailure) {
  v1::TrainSpec spec = TrainerJobs::Spec();
  spec.set_data("circles");
  const std::string no_data = jobs_.Create("no_data", spec);
  EXPECT_EQ(jobs_.Run(no_data), kPermanentError);
  EXPECT_THAT(jobs_.errors(), HasSubstr("data/circles"));
  EXPECT_THAT(States(no_data), ElementsAre(v1::TRAIN_JOB_STATE_FAILED));
  EXPECT_THAT(Events(no_data).back().terminal().message(), HasSubstr("data/circles"));
  EXPECT_EQ(jobs_.Run(no_data), kPermanentError) << "it has ended";

  spec = TrainerJobs::Spec();
  spec.set_batch_size(41);
  EXPECT_EQ(jobs_.Run(jobs_.Create("few", spec)), kPermanentError);
  EXPECT_THAT(jobs_.errors(), HasSubstr("40 images are fewer than one batch of 41"));

  const std::string no_spec = jobs_.Create("no_spec", spec);
  jobs_.folder().Write("no_spec/spec", "{\"data\": 1");
  EXPECT_EQ(jobs_.Run(no_spec), kPermanentError);
  EXPECT_THAT(jobs_.errors(), HasSubstr("no_spec/spec"));
  EXPECT_EQ(jobs_.Run(jobs_.folder().File("nowhere")), kPermanentError);
}

TEST_F(TrainerRunTest, ADeviceThatIsNotThereIsNoFaultOfTheJob) {
  const std::string job = jobs_.Create("job", TrainerJobs::Spec());
  EXPECT_EQ(jobs_.Execute(jobs_.RunArguments(job, {"--device", "cuda:99"})), kError);
  EXPECT_THAT(jobs_.errors(), HasSubstr("device cuda:99 is not there"));
  EXPECT_EQ(jobs_.Execute(jobs_.RunArguments(job, {"--device", "gpu"})), kUsageError);
  EXPECT_THAT(jobs_.errors(), HasSubstr("--device is 'gpu'; it must be auto, cpu or cuda:N"));
  EXPECT_FALSE(fs::exists(job + "/events"));
  EXPECT_EQ(jobs_.Execute(jobs_.RunArguments(job, {"--device", "auto"})), kFinished) << jobs_.errors();
}

TEST_F(TrainerRunTest, ExportsACheckpointBesideARunningTrainer) {
  const std::string job = jobs_.Create("job", TrainerJobs::LongSpec());
  const auto trainer = Start(job);
  const std::string out = jobs_.folder().File("models/squares/1");
  fs::create_directories(jobs_.folder().File("models/squares"));
  ASSERT_EQ(jobs_.Execute(Export(job, out)), kFinished) << jobs_.errors();
  const auto printed = nlohmann::json::parse(jobs_.output());
  const auto origin = nlohmann::json::parse(ReadWhole(out + "/model.json"))["provenance"];
  EXPECT_EQ(origin["job"], "job");
  EXPECT_EQ(origin["step"], printed["step"]);
  EXPECT_THAT(Files(out), ElementsAre("model.json", "model.pt"));
  EXPECT_EQ(trainer->Wait(), kFinished);
}

TEST_F(TrainerRunTest, ExportsTheCheckpointOfAStepAndChangesNothingInTheJob) {
  v1::TrainSpec spec = TrainerJobs::Spec();
  spec.set_kept_checkpoints(3);
  const std::string job = jobs_.Create("job", spec);
  ASSERT_EQ(jobs_.Run(job), kFinished) << jobs_.errors();
  jobs_.folder().Write("job/checkpoints/61.ckpt.tmp.1", "of a trainer");
  const std::vector<std::string> files = Files(job);
  const std::string last = jobs_.folder().File("last");
  ASSERT_EQ(jobs_.Execute(Export(job, last)), kFinished) << jobs_.errors();
  EXPECT_EQ(jobs_.output(), "{\"step\": 60}\n");
  EXPECT_TRUE(Model(last) == Model(job + "/exports/60")) << "the bytes that the run itself exported";

  std::vector<std::string> middle = Export(job, jobs_.folder().File("middle"));
  middle.insert(middle.end(), {"--step", "58"});
  ASSERT_EQ(jobs_.Execute(middle), kFinished) << jobs_.errors();
  EXPECT_FALSE(Model(jobs_.folder().File("middle")) == Model(last));
  EXPECT_EQ(jobs_.Execute(middle), kExists);
  EXPECT_EQ(Files(job), files);
}

TEST_F(TrainerRunTest, NamesTheCheckpointsThereAreWhenAskedForAnother) {
  const std::string job = jobs_.Create("job", TrainerJobs::Spec());
  ASSERT_EQ(jobs_.Run(job), kFinished) << jobs_.errors();
  std::vector<std::string> arguments = Export(job, jobs_.folder().File("out"));
  arguments.insert(arguments.end(), {"--step", "7"});
  EXPECT_EQ(jobs_.Execute(arguments), kNotFound);
  EXPECT_THAT(jobs_.errors(), HasSubstr("no checkpoint of step 7; there are: 59, 60"));
  EXPECT_FALSE(fs::exists(jobs_.folder().File("out")));
}

class TrainerTrainTest : public TrainerRunTest {
 protected:
  std::vector<std::string> Arguments(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"train",
                                          "--data",
                                          jobs_.data_root() + "/squares/",
                                          "--out",
                                          job_,
                                          "--batch-size",
                                          "4",
                                          "--width",
                                          "2",
                                          "--latent-size",
                                          "4",
                                          "--threads",
                                          "1",
                                          "--checkpoint-every-steps",
                                          "1",
                                          "--report-every-steps",
                                          "3",
                                          "--sample-every-steps",
                                          "20"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  const std::string job_ = jobs_.folder().File("job");
};

TEST_F(TrainerTrainTest, FlagsAndASpecFileAreTheSameJob) {
  ASSERT_EQ(jobs_.Execute(Arguments({"--epochs", "6"})), kFinished) << jobs_.errors();
  const std::string other = jobs_.Create("other", TrainerJobs::Spec());
  ASSERT_EQ(jobs_.Run(other), kFinished) << jobs_.errors();
  EXPECT_TRUE(Model(job_ + "/exports/60") == Model(other + "/exports/60"));
  EXPECT_EQ(History(job_), History(other));
  EXPECT_THAT(ReadWhole(job_ + "/spec"), HasSubstr("\"data\": \"squares\""));
}

TEST_F(TrainerTrainTest, ResumesWithMoreSteps) {
  // Else the generator of step 20 would be evaluated, and exported at the end if it is the better one.
  ASSERT_EQ(jobs_.Execute(Arguments({"--steps", "20", "--evaluate-every-steps", "0"})), kFinished) << jobs_.errors();
  EXPECT_EQ(jobs_.Execute(Arguments({"--steps", "60"})), kExists);
  EXPECT_THAT(jobs_.errors(), HasSubstr("--resume"));
  ASSERT_EQ(jobs_.Execute(Arguments({"--steps", "60", "--resume"})), kFinished) << jobs_.errors();
  const std::string whole = jobs_.Create("whole", TrainerJobs::Spec());
  ASSERT_EQ(jobs_.Run(whole), kFinished) << jobs_.errors();
  EXPECT_TRUE(Model(job_ + "/exports/60") == Model(whole + "/exports/60"));
  EXPECT_THAT(ReadWhole(job_ + "/spec"), HasSubstr("\"60\"")) << "a later `run` or `export` reads it";
}

TEST_F(TrainerTrainTest, ResumesOnlyWithTheSameWeights) {
  ASSERT_EQ(jobs_.Execute(Arguments({"--steps", "2"})), kFinished) << jobs_.errors();
  EXPECT_EQ(jobs_.Execute(Arguments({"--steps", "4", "--resume", "--seed", "2"})), kPermanentError);
  EXPECT_THAT(jobs_.errors(), HasSubstr("seed: 1 -> 2"));
}

TEST_F(TrainerTrainTest, ReportsAllWrongValuesAtOnce) {
  EXPECT_EQ(jobs_.Execute(Arguments({"--image-size", "48", "--learning-rate", "-1", "--generator-beta1", "2"})),
            kUsageError);
  EXPECT_THAT(jobs_.errors(), AllOf(HasSubstr("image_size is 48"), HasSubstr("generator_adam.beta1 is 2"),
                                    HasSubstr("discriminator_adam.learning_rate is -1")));
  EXPECT_FALSE(fs::exists(job_));
}

TEST_F(TrainerTrainTest, TakesEpochsOrStepsButNotBoth) {
  EXPECT_EQ(jobs_.Execute(Arguments({"--epochs", "1", "--steps", "1"})), kUsageError);
}

TEST_F(TrainerTrainTest, CheckJudgesTheDataAndCreatesNoJob) {
  EXPECT_EQ(jobs_.Execute(Arguments({"--check"})), kFinished) << jobs_.errors();
  const std::string whole = IdxImages();
  jobs_.WriteData(whole.substr(0, whole.size() - 1));
  EXPECT_EQ(jobs_.Execute(Arguments({"--check"})), kPermanentError);
  EXPECT_THAT(jobs_.errors(), AllOf(HasSubstr("images-idx3-ubyte"), HasSubstr("offset")));
  EXPECT_FALSE(fs::exists(job_));
}

TEST_F(TrainerTrainTest, CheckOfADataSetPrintsWhatIsInIt) {
  const std::string data = jobs_.data_root() + "/squares";
  EXPECT_EQ(jobs_.Execute({"check", "--data", data}), kFinished) << jobs_.errors();
  EXPECT_EQ(jobs_.output(), "{\"images\": 40, \"classes\": 0}\n");
  jobs_.WriteData("torn");
  EXPECT_EQ(jobs_.Execute({"check", "--data", data}), kPermanentError);
  EXPECT_EQ(jobs_.output(), "");
  EXPECT_THAT(jobs_.errors(), AllOf(HasSubstr("images-idx3-ubyte"), HasSubstr("at byte offset")));
}

TEST_F(TrainerTrainTest, InitExportsAnUntrainedGenerator) {
  ASSERT_EQ(jobs_.Execute({"init", "--out", job_, "--width", "2", "--channels", "3"}), kFinished) << jobs_.errors();
  EXPECT_THAT(Files(job_ + "/exports"), ElementsAre("0/model.json", "0/model.pt"));
  EXPECT_EQ(jobs_.Execute({"init", "--out", job_ + "2", "--width", "0"}), kUsageError);
  EXPECT_THAT(jobs_.errors(), HasSubstr("width is 0, must be 1 to 512"));
}

}  // namespace
}  // namespace ganserve
