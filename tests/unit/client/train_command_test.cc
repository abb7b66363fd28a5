// ganctl train and jobs watch as a script sees them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "client/ganctl/exit_code.h"
#include "tests/unit/client/training_commands.h"

namespace ganserve::ganctl {
namespace {

using client::LossEvent;
using client::SampleEvent;
using client::StateEvent;
using client::TerminalEvent;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

TEST_F(TrainingCommandsTest, FollowsAJobToItsEnd) {
  WriteJob(v1::TRAIN_JOB_STATE_SUCCEEDED, "100 epochs");
  EXPECT_EQ(Run({"train", "--data", "garments"}), kOk) << err_;
  EXPECT_EQ(out_,
            "job j1\n"
            "RUNNING\n"
            "[Epoch 1/100] [Batch 100/938] D Loss: 0.6931 G Loss: 101.2040\n"
            "[Epoch 1/100] [Batch 200/938] D Loss: 0.6931 G Loss: 201.2040\n"
            "[Epoch 2/100] [Batch 100/938] D Loss: 0.6931 G Loss: 1039.2040\n"
            "[Epoch 3/100] [Batch 200/938] D Loss: 0.6931 G Loss: 2077.2040\n"
            "SUCCEEDED: 100 epochs\n");
  EXPECT_EQ(err_, "");
}

TEST_F(TrainingCommandsTest, SetsOnlyTheFieldsThatAreGiven) {
  WriteJob(v1::TRAIN_JOB_STATE_SUCCEEDED);
  EXPECT_EQ(Run({"train", "--data", "garments"}), kOk) << err_;
  v1::TrainSpec expected;
  expected.set_data("garments");
  EXPECT_EQ(training().streams().at(0).spec.SerializeAsString(), expected.SerializeAsString());
}

TEST_F(TrainingCommandsTest, PassesEveryFieldOn) {
  WriteJob(v1::TRAIN_JOB_STATE_SUCCEEDED);
  const std::string flags =
      "--data d --image-size 64 --channels 3 --width 8 --latent-size 9 --batch-size 10 --steps 11 --loss "
      "bce_with_logits --generator-learning-rate 1e-3 --generator-beta1 0.1 --generator-beta2 0.2 "
      "--discriminator-learning-rate 2e-3 --discriminator-beta1 0.3 --discriminator-beta2 0.4 --seed "
      "18446744073709551615 --ema-decay 0 --checkpoint-every-steps 12 --sample-every-steps 13 "
      "--report-every-steps 14 --kept-checkpoints 15 --max-rollbacks 0 --threads 2 --memory-limit-bytes "
      "536870912 --recipe classic --body residual --conditioning class --discriminator-norm spectral "
      "--gradient-penalty 0.5 --r1-penalty 0.6 --r2-penalty 0.7 --penalty-every-steps 16 "
      "--discriminator-steps 5 --label-smoothing 0.1 --gradient-clip-norm 0.8 --final-learning-rate-factor "
      "0.9 --flip-probability 0.5 --diff-augment-color --evaluate-every-steps 17 --evaluation-samples 18 "
      "--extractor inception.pt --precision bfloat16 --promote-to-model m --promote-only-if-not-worse --request-id "
      "mine";
  std::vector<std::string> arguments = absl::StrSplit(flags, ' ');
  arguments.insert(arguments.begin(), "train");
  EXPECT_EQ(Run(arguments), kOk) << err_;
  const client::SeenStream seen = training().streams().at(0);
  EXPECT_EQ(seen.request_id, "mine");
  const v1::TrainSpec& spec = seen.spec;
  const google::protobuf::Reflection& fields = *spec.GetReflection();
  for (int i = 0; i < spec.GetDescriptor()->field_count(); ++i) {
    const google::protobuf::FieldDescriptor* field = spec.GetDescriptor()->field(i);
    // Of the two lengths only one can be given.
    if (field->name() == "epochs") continue;
    EXPECT_TRUE(fields.HasField(spec, field)) << field->name();
  }
  EXPECT_EQ(spec.image_size(), 64u);
  EXPECT_EQ(spec.steps(), 11u);
  EXPECT_EQ(spec.seed(), 18446744073709551615u);
  EXPECT_EQ(spec.loss(), v1::TRAIN_LOSS_BCE_WITH_LOGITS);
  EXPECT_EQ(spec.body(), v1::TRAIN_BODY_RESIDUAL);
  EXPECT_EQ(spec.augmentation().flip_probability(), 0.5);
  EXPECT_TRUE(spec.diff_augment().color());
  EXPECT_FALSE(spec.diff_augment().has_cutout());
  EXPECT_EQ(spec.memory_limit_bytes(), uint64_t{512} << 20);
  EXPECT_DOUBLE_EQ(spec.generator_adam().learning_rate(), 1e-3);
  EXPECT_DOUBLE_EQ(spec.generator_adam().beta1(), 0.1);
  EXPECT_DOUBLE_EQ(spec.generator_adam().beta2(), 0.2);
  EXPECT_DOUBLE_EQ(spec.discriminator_adam().learning_rate(), 2e-3);
  EXPECT_DOUBLE_EQ(spec.discriminator_adam().beta1(), 0.3);
  EXPECT_DOUBLE_EQ(spec.discriminator_adam().beta2(), 0.4);
}

TEST_F(TrainingCommandsTest, NumbersThatDoNotFitAreUsageErrors) {
  for (const char* flag :
       {"--image-size", "--width", "--epochs", "--steps", "--seed", "--memory-limit-bytes", "--every"}) {
    for (const char* number : {"-1", "", "1.5", "18446744073709551616", "7x"}) {
      EXPECT_EQ(Run({"train", "--data", "d", flag, number}), kUsage) << flag << " " << number;
    }
  }
  EXPECT_EQ(Run({"train", "--data", "d", "--batch-size", "4294967296"}), kUsage);
  EXPECT_EQ(Run({"train", "--data", "d", "--loss", "unspecified"}), kUsage);
  EXPECT_EQ(Run({"train", "--data", "d", "--every", "0"}), kUsage);
  for (const char* number : {"", "nan", "inf", "1e999", "x"}) {
    EXPECT_EQ(Run({"train", "--data", "d", "--ema-decay", number}), kUsage) << number;
  }
  EXPECT_TRUE(training().streams().empty());
}

TEST_F(TrainingCommandsTest, WrongCommandLinesAreUsageErrors) {
  EXPECT_EQ(Run({"train"}), kUsage);
  EXPECT_THAT(err_, HasSubstr("--data is required"));
  EXPECT_EQ(Run({"train", "--data", "d", "--epochs", "1", "--steps", "1"}), kUsage);
  EXPECT_EQ(Run({"train", "--data", "d", "--detach", "--samples", "x"}), kUsage);
  EXPECT_EQ(Run({"train", "--data", "d", "--quiet", "--json"}), kUsage);
  EXPECT_EQ(Run({"jobs"}), kUsage);
  EXPECT_EQ(Run({"jobs", "list", "--state", "asleep"}), kUsage);
  EXPECT_EQ(Run({"models", "activate", "garments", "-1"}), kUsage);
  EXPECT_EQ(Run({"plot", "j1", "--out", "x.gif"}), kUsage);
  EXPECT_THAT(err_, HasSubstr("\"x.gif\" does not end in .svg or .png"));
}

TEST_F(TrainingCommandsTest, ExitCodesTellFailedFromCancelled) {
  WriteJob(v1::TRAIN_JOB_STATE_FAILED, "exit status 1\nbad file\x1b[2J\n");
  EXPECT_EQ(Run({"jobs", "watch", "j1"}), kJobFailed);
  // What a trainer printed does not steer the terminal.
  EXPECT_THAT(out_, EndsWith("FAILED: exit status 1\n  bad file [2J\n"));
  client::FakeTrainingServer other;
  other.training().Append(TerminalEvent(v1::TRAIN_JOB_STATE_CANCELLED));
  EXPECT_EQ(Run({"jobs", "watch", "j1", "--server", other.address()}), kJobCancelled);
}

TEST_F(TrainingCommandsTest, PrintsTheLossesOfEveryNthLossEvent) {
  WriteJob(v1::TRAIN_JOB_STATE_SUCCEEDED);
  EXPECT_EQ(Run({"jobs", "watch", "j1", "--every", "3"}), kOk) << err_;
  EXPECT_THAT(out_, AllOf(HasSubstr("[Batch 100/938] D Loss: 0.6931 G Loss: 101.2040\n"),
                          HasSubstr("[Epoch 3/100] [Batch 200/938]"), Not(HasSubstr("[Epoch 1/100] [Batch 200/938]"))));
}

TEST_F(TrainingCommandsTest, QuietPrintsOnlyStatesAndTheEnd) {
  WriteJob(v1::TRAIN_JOB_STATE_SUCCEEDED);
  EXPECT_EQ(Run({"jobs", "watch", "j1", "--quiet"}), kOk) << err_;
  EXPECT_EQ(out_, "job j1\nRUNNING\nSUCCEEDED\n");
}

TEST_F(TrainingCommandsTest, TellsOfCheckpointsRollbacksAndLogLines) {
  v1::TrainEvent checkpoint;
  checkpoint.mutable_checkpoint()->set_step(500);
  checkpoint.mutable_checkpoint()->set_seconds(0.25);
  v1::TrainEvent rollback;
  rollback.set_step(500);
  rollback.mutable_rollback()->set_count(1);
  rollback.mutable_rollback()->set_learning_rate_factor(0.5);
  v1::TrainEvent log;
  log.mutable_log_line()->set_text("resuming from step 500");
  for (const v1::TrainEvent& event : {checkpoint, rollback, log, v1::TrainEvent()}) training().Append(event);
  training().Append(TerminalEvent(v1::TRAIN_JOB_STATE_SUCCEEDED));
  EXPECT_EQ(Run({"jobs", "watch", "j1"}), kOk) << err_;
  EXPECT_EQ(out_,
            "job j1\n"
            "checkpoint at step 500, written in 0.2 s\n"
            "training diverged; rollback 1 to step 500, learning rates x 0.5\n"
            "resuming from step 500\n"
            "SUCCEEDED\n");
}

TEST_F(TrainingCommandsTest, TellsOfEvaluationsAlarmsAndEndsOfTrainersInOtherPods) {
  v1::TrainEvent event;
  v1::TrainEvaluation& evaluation = *event.mutable_evaluation();
  evaluation.set_samples(2000);
  evaluation.set_fid(23.456);
  evaluation.set_kid(1.5);
  evaluation.set_precision(0.75);
  evaluation.set_recall(0.5);
  evaluation.set_best(true);
  training().Append(event);
  for (const double share : {0.6, 0.05, 0.35}) evaluation.add_class_shares(share);
  evaluation.set_best(false);
  training().Append(event);
  v1::TrainEvent alarm;
  alarm.mutable_alarm()->set_text("recall fell\x1b[2J");
  training().Append(alarm);
  v1::TrainEvent end;
  end.mutable_trainer_end()->set_exit_code(3);
  end.mutable_trainer_end()->set_message("stopped by a signal");
  training().Append(end);
  training().Append(TerminalEvent(v1::TRAIN_JOB_STATE_SUCCEEDED));
  EXPECT_EQ(Run({"jobs", "watch", "j1"}), kOk) << err_;
  EXPECT_EQ(out_,
            "job j1\n"
            "FID 23.46, KID 1.5000, precision 0.75, recall 0.50 of 2000 images, the best so far\n"
            "FID 23.46, KID 1.5000, precision 0.75, recall 0.50, rarest class 5.0 % of 2000 images\n"
            "warning: recall fell [2J\n"
            "trainer ended with exit code 3: stopped by a signal\n"
            "SUCCEEDED\n");
}

TEST_F(TrainingCommandsTest, SavesSampleGrids) {
  training().Append(SampleEvent(500, "grid of 500"));
  training().Append(SampleEvent(1000, "grid of 1000"));
  training().Append(TerminalEvent(v1::TRAIN_JOB_STATE_SUCCEEDED));
  const std::string samples = folder_ + "/new/samples";
  EXPECT_EQ(Run({"train", "--data", "d", "--samples", samples}), kOk) << err_;
  EXPECT_EQ(ReadWhole(samples + "/500.png"), "grid of 500");
  EXPECT_EQ(ReadWhole(samples + "/1000.png"), "grid of 1000");
  EXPECT_THAT(out_, HasSubstr("samples " + samples + "/500.png\n"));
}

TEST_F(TrainingCommandsTest, FollowsOnWhenASampleGridCannotBeSavedAndFailsAtTheEnd) {
  training().Append(SampleEvent(500, ""));
  training().Append(LossEvent(500, 1, 1));
  training().Append(TerminalEvent(v1::TRAIN_JOB_STATE_SUCCEEDED));
  EXPECT_EQ(Run({"jobs", "watch", "j1", "--samples", folder_}), kFailed);
  EXPECT_EQ(err_, "ganctl: the server no longer has the samples of step 500\n");
  EXPECT_THAT(out_, EndsWith("SUCCEEDED\n"));
}

TEST_F(TrainingCommandsTest, AFolderThatCannotBeMadeIsFoundBeforeAJobIsStarted) {
  EXPECT_EQ(Run({"train", "--data", "d", "--samples", "/dev/null/x"}), kFailed);
  EXPECT_THAT(err_, HasSubstr("cannot create the folder /dev/null/x"));
  EXPECT_TRUE(training().streams().empty());
}

TEST_F(TrainingCommandsTest, JsonIsAnEventALine) {
  training().Append(SampleEvent(500, "bytes"));
  training().Append(LossEvent(500, 0.5, 1));
  training().Append(TerminalEvent(v1::TRAIN_JOB_STATE_SUCCEEDED));
  EXPECT_EQ(Run({"jobs", "watch", "j1", "--json"}), kOk) << err_;
  std::istringstream lines(out_);
  std::vector<nlohmann::json> events;
  for (std::string line; std::getline(lines, line);) events.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0]["sample"]["png"], "");
  EXPECT_EQ(events[1]["losses"]["discriminator_loss"], 0.5);
  EXPECT_EQ(events[2]["terminal"]["state"], "TRAIN_JOB_STATE_SUCCEEDED");
}

TEST_F(TrainingCommandsTest, DetachPrintsTheIdAndLeavesTheJobRunning) {
  training().Append(StateEvent(v1::TRAIN_JOB_STATE_QUEUED));
  EXPECT_EQ(Run({"train", "--data", "d", "--detach"}), kOk) << err_;
  EXPECT_EQ(out_, "j1\n");
  EXPECT_THAT(training().calls(), IsEmpty());
}

TEST_F(TrainingCommandsTest, ARefusedSpecIsAnErrorWithTheServersReasons) {
  training().EndStreams({{0, {grpc::StatusCode::INVALID_ARGUMENT, "width is 0, must be 1 to 512; steps is 0"}}});
  EXPECT_EQ(Run({"train", "--data", "d", "--width", "0"}), kFailed);
  EXPECT_EQ(err_, "ganctl: INVALID_ARGUMENT: width is 0, must be 1 to 512; steps is 0\n");
}

TEST_F(TrainingCommandsTest, SaysHowToTryAgainWhenTheAnswerToAStartIsLost) {
  training().EndStreams({{0, {grpc::StatusCode::UNAVAILABLE, "gone"}}});
  EXPECT_EQ(Run({"train", "--data", "d", "--request-id", "mine"}), kUnavailable);
  EXPECT_THAT(err_, HasSubstr("the same command with --request-id mine attaches to it, or starts it\n"));
}

TEST_F(TrainingCommandsTest, TellsThatTheServerIsGoneAndThatItIsBack) {
  WriteJob(v1::TRAIN_JOB_STATE_SUCCEEDED);
  const grpc::Status stopping = {grpc::StatusCode::UNAVAILABLE, "stopping"};
  training().EndStreams({{2, stopping}, {0, stopping}});
  EXPECT_EQ(Run({"train", "--data", "d"}), kOk);
  EXPECT_EQ(err_, "ganctl: the server is gone, trying again ...\nganctl: following again at event 3\n");
}

TEST_F(TrainingCommandsTest, NoJobCanHaveBeenStartedByAServerThatCannotBeReached) {
  // Nothing listens there: port 1 is reserved and needs root to open.
  for (const std::vector<std::string>& flags : {std::vector<std::string>{}, {"--detach"}, {"--attempts", "2"}}) {
    std::vector<std::string> arguments = {"train", "--data", "d", "--server", "127.0.0.1:1"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    EXPECT_EQ(Run(arguments), kUnavailable);
    EXPECT_THAT(err_, AllOf(StartsWith("ganctl: no answer from 127.0.0.1:1: UNAVAILABLE: "),
                            HasSubstr("Connection refused"), Not(HasSubstr("may have been started"))));
  }
}

}  // namespace
}  // namespace ganserve::ganctl
