#include "server/train/trainer.h"

#include <gmock/gmock.h>

#include "tests/support/temporary_folder.h"
#include "tests/unit/train/synthetic_images.h"

namespace ganserve {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// Two epochs of four batches of eight.
TrainOptions Small(const TemporaryFolder& folder, const std::string& name) {
  TrainOptions options;
  options.data = "squares";
  options.out = folder.File(name);
  options.shape = {32, 1, 4, 8};
  options.epochs = 2;
  options.batch_size = 8;
  options.report_every = 2;
  return options;
}

class TrainerTest : public testing::Test {
 protected:
  TrainerTest() : log_(std::fopen(folder_.File("log").c_str(), "w")), console_(log_) { SetTorchThreads(1); }
  ~TrainerTest() override { std::fclose(log_); }

  absl::StatusOr<TrainOutcome> Run(const TrainOptions& options) {
    auto job = options.resume ? JobDirectory::Open(options.out) : JobDirectory::Create(options.out, SpecJson(options));
    EXPECT_TRUE(job.ok()) << job.status();
    return Train(options, data_, "the command", stop_, &*job, &console_);
  }

  TemporaryFolder folder_;
  std::FILE* log_;
  TrainConsole console_;
  ImageSet data_ = Squares(35, 32, 1);
  std::atomic<bool> stop_ = false;
};

TEST_F(TrainerTest, TrainsReportsAndExports) {
  const TrainOptions options = Small(folder_, "job");
  const auto outcome = Run(options);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->steps, 8U);
  EXPECT_FALSE(outcome->stopped);
  EXPECT_TRUE(fs::exists(outcome->export_path + "/model.pt"));
  EXPECT_THAT(ReadWhole(outcome->export_path + "/model.json"), HasSubstr("the command"));
  for (const char* part : {"samples/4.png", "samples/8.png", "checkpoints/8.ckpt"}) {
    EXPECT_TRUE(fs::exists(options.out + "/" + part)) << part;
  }
  const std::string log = ReadWhole(folder_.File("log"));
  EXPECT_THAT(log, HasSubstr("[Epoch 1/2] [Batch 2/4] D Loss: "));
  EXPECT_THAT(log, HasSubstr("[Epoch 2/2] [Batch 4/4] D Loss: "));
}

TEST_F(TrainerTest, GivesTheSameWeightsForTheSameSeedAndOthersForAnother) {
  TrainOptions options = Small(folder_, "a");
  const auto first = Run(options);
  options.out = folder_.File("b");
  const auto second = Run(options);
  options.out = folder_.File("c");
  options.seed = 2;
  const auto third = Run(options);
  ASSERT_TRUE(first.ok() && second.ok() && third.ok());
  EXPECT_EQ(ReadWhole(first->export_path + "/model.pt"), ReadWhole(second->export_path + "/model.pt"));
  EXPECT_NE(ReadWhole(first->export_path + "/model.pt"), ReadWhole(third->export_path + "/model.pt"));
}

TEST_F(TrainerTest, ResumedEndsWhereAnUninterruptedRunEnds) {
  const auto whole = Run(Small(folder_, "whole"));
  TrainOptions options = Small(folder_, "parts");
  options.epochs = 1;
  ASSERT_TRUE(Run(options).ok());
  options.epochs = 2;
  options.resume = true;
  const auto resumed = Run(options);
  ASSERT_TRUE(whole.ok() && resumed.ok()) << resumed.status();
  EXPECT_EQ(ReadWhole(whole->export_path + "/model.pt"), ReadWhole(resumed->export_path + "/model.pt"));
}

TEST_F(TrainerTest, StopsAfterAGivenNumberOfStepsAndGoesOnFromThere) {
  const auto whole = Run(Small(folder_, "whole"));
  TrainOptions options = Small(folder_, "parts");
  options.max_steps = 5;
  const auto part = Run(options);
  ASSERT_TRUE(part.ok()) << part.status();
  EXPECT_EQ(part->steps, 5U);
  EXPECT_FALSE(part->stopped);
  options.max_steps = 0;
  options.resume = true;
  const auto rest = Run(options);
  ASSERT_TRUE(whole.ok() && rest.ok()) << rest.status();
  EXPECT_EQ(ReadWhole(whole->export_path + "/model.pt"), ReadWhole(rest->export_path + "/model.pt"));
}

TEST_F(TrainerTest, ResumingAFinishedJobSucceedsAtOnce) {
  TrainOptions options = Small(folder_, "job");
  const auto first = Run(options);
  options.resume = true;
  const auto again = Run(options);
  ASSERT_TRUE(first.ok() && again.ok()) << again.status();
  EXPECT_EQ(again->steps, first->steps);
  EXPECT_EQ(again->export_path, first->export_path);
}

TEST_F(TrainerTest, ExportsWhatThereIsWhenStopped) {
  stop_ = true;
  const TrainOptions options = Small(folder_, "job");
  const auto outcome = Run(options);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_TRUE(outcome->stopped);
  EXPECT_EQ(outcome->steps, 0U);
  EXPECT_TRUE(fs::exists(outcome->export_path + "/model.pt"));
}

TEST_F(TrainerTest, EndsWithAClearErrorWhenTrainingDiverges) {
  TrainOptions options = Small(folder_, "job");
  options.learning_rate = 1e38;  // the second step's sums overflow
  const auto outcome = Run(options);
  EXPECT_EQ(outcome.status().code(), absl::StatusCode::kAborted);
  EXPECT_THAT(outcome.status().message(), HasSubstr("training diverged"));
  EXPECT_THAT(ReadWhole(options.out + "/events"), HasSubstr("training diverged")) << "the job's history says so too";
  EXPECT_TRUE(fs::is_empty(options.out + "/exports"));
}

TEST_F(TrainerTest, RollsBackWithHalfTheLearningRateAsOftenAsAllowed) {
  TrainOptions options = Small(folder_, "job");
  options.learning_rate = 1e38;
  options.max_rollbacks = 2;
  EXPECT_EQ(Run(options).status().code(), absl::StatusCode::kAborted);
  const std::string events = ReadWhole(options.out + "/events");
  EXPECT_THAT(events, HasSubstr("at step 1; rolling back to the start with learning rate 5e+37 instead of 1e+38"));
  EXPECT_THAT(events, HasSubstr("with learning rate 2.5e+37 instead of 5e+37"));
  EXPECT_THAT(events, testing::Not(HasSubstr("instead of 2.5e+37")));
}

TEST_F(TrainerTest, GoesOnAtALowerLearningRateAlsoAcrossAnInterruption) {
  TrainOptions options = Small(folder_, "whole");
  options.learning_rate = 1e38;
  options.max_rollbacks = 100;  // until the rate is one at which nothing overflows
  const auto whole = Run(options);
  ASSERT_TRUE(whole.ok()) << whole.status();
  options.out = folder_.File("parts");
  options.max_rollbacks = 5;
  ASSERT_EQ(Run(options).status().code(), absl::StatusCode::kAborted);
  options.max_rollbacks = 100;
  options.resume = true;
  const auto resumed = Run(options);
  ASSERT_TRUE(resumed.ok()) << resumed.status();
  EXPECT_EQ(ReadWhole(whole->export_path + "/model.pt"), ReadWhole(resumed->export_path + "/model.pt"));
}

TEST_F(TrainerTest, UsesTheCheckpointBeforeACorruptOneAndEndsWithTheSameWeights) {
  TrainOptions options = Small(folder_, "job");
  options.checkpoint_steps = 3;  // 3, 4, 6 and 8: also within an epoch and within a report
  const auto whole = Run(options);
  ASSERT_TRUE(whole.ok()) << whole.status();
  const std::string model = ReadWhole(whole->export_path + "/model.pt");
  fs::resize_file(options.out + "/checkpoints/8.ckpt", 1000);
  fs::remove_all(whole->export_path);
  options.resume = true;
  const auto again = Run(options);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(ReadWhole(again->export_path + "/model.pt"), model);
  EXPECT_THAT(ReadWhole(folder_.File("log")), HasSubstr("Resuming from " + options.out + "/checkpoints/6.ckpt"));
}

TEST_F(TrainerTest, RefusesDataThatDoNotFillABatch) {
  TrainOptions options = Small(folder_, "job");
  options.batch_size = 36;
  const auto outcome = Run(options);
  EXPECT_EQ(outcome.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(outcome.status().message(), HasSubstr("35 images are fewer than one batch of 36"));
}

TEST_F(TrainerTest, ExportsUntrainedGeneratorsBySeed) {
  const auto bytes = [&](const std::string& name, uint64_t seed) {
    TrainOptions options = Small(folder_, name);
    options.seed = seed;
    options.shape.channels = 3;
    auto job = JobDirectory::Create(options.out, SpecJson(options));
    const auto path = ExportUntrained(options, "init", &*job);
    EXPECT_TRUE(path.ok()) << path.status();
    return ReadWhole(*path + "/model.pt");
  };
  EXPECT_EQ(bytes("a", 1), bytes("b", 1));
  EXPECT_NE(bytes("c", 1), bytes("d", 2));
}

}  // namespace
}  // namespace ganserve
