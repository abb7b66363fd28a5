#include "server/train/trainer.h"

#include <gmock/gmock.h>

#include "server/train/job_export.h"
#include "tests/unit/train/trainer_fixture.h"

namespace ganserve {
namespace {

using testing::HasSubstr;

TEST_F(TrainerTest, TrainsReportsAndExports) {
  const auto outcome = Run(Small());
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->steps, 8U);
  EXPECT_FALSE(outcome->stopped);
  EXPECT_TRUE(fs::exists(outcome->export_path + "/model.pt"));
  EXPECT_THAT(ReadWhole(outcome->export_path + "/model.json"), HasSubstr("the command"));
  for (const char* part : {"job/samples/4.png", "job/samples/8.png", "job/checkpoints/8.ckpt"}) {
    EXPECT_TRUE(Exists(part)) << part;
  }
  const std::string log = ReadWhole(folder_.File("log"));
  EXPECT_THAT(log, HasSubstr("[Epoch 1/2] [Batch 2/4] D Loss: "));
  EXPECT_THAT(log, HasSubstr("[Epoch 2/2] [Batch 4/4] D Loss: "));
}

TEST_F(TrainerTest, ReportsByTheStepsOfTheJobAndAtTheEndOfAnEpoch) {
  TrainSettings settings = Small();
  settings.report_every_steps = 3;
  ASSERT_TRUE(Run(settings).ok());
  const std::string log = ReadWhole(folder_.File("log"));
  for (const char* batch :
       {"[Epoch 1/2] [Batch 3/4]", "[Epoch 1/2] [Batch 4/4]", "[Epoch 2/2] [Batch 2/4]", "[Epoch 2/2] [Batch 4/4]"}) {
    EXPECT_THAT(log, HasSubstr(batch));
  }
  EXPECT_THAT(log, testing::Not(HasSubstr("[Epoch 2/2] [Batch 3/4]")));
}

TEST_F(TrainerTest, SaysFirstWhereItSetsOutFrom) {
  TrainSettings settings = Small();
  settings.epochs = 0;
  settings.steps = 3;
  ASSERT_TRUE(Run(settings).ok());
  EXPECT_THAT(Events(), HasSubstr("Training from the start: 3 steps"));
  settings.steps = 6;
  ASSERT_TRUE(Run(settings).ok());
  EXPECT_THAT(Events(), HasSubstr("Resuming from step 3 of 6"));
}

TEST_F(TrainerTest, GivesTheSameWeightsForTheSameSeedAndOthersForAnother) {
  TrainSettings settings = Small();
  const std::string first = Model(Run(settings, "a"));
  EXPECT_EQ(Model(Run(settings, "b")), first);
  settings.seed = 2;
  EXPECT_NE(Model(Run(settings, "c")), first);
}

TEST_F(TrainerTest, ResumedEndsWhereAnUninterruptedRunEnds) {
  const std::string whole = Model(Run(Small(), "whole"));
  TrainSettings settings = Small();
  settings.epochs = 1;
  ASSERT_TRUE(Run(settings).ok());
  EXPECT_EQ(Model(Run(Small())), whole);
}

TEST_F(TrainerTest, StopsAfterAGivenNumberOfStepsAndGoesOnFromThere) {
  const std::string whole = Model(Run(Small(), "whole"));
  TrainSettings settings = Small();
  settings.epochs = 0;
  settings.steps = 5;
  const auto part = Run(settings);
  ASSERT_TRUE(part.ok()) << part.status();
  EXPECT_EQ(part->steps, 5U);
  EXPECT_FALSE(part->stopped);
  EXPECT_EQ(Model(Run(Small())), whole);
}

TEST_F(TrainerTest, DoesNotGoOnWithOtherDataThanItBeganWith) {
  TrainSettings settings = Small();
  settings.epochs = 1;
  ASSERT_TRUE(Run(settings).ok());
  ++data_.samples.back();
  const absl::Status changed = Run(Small()).status();
  EXPECT_EQ(changed.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(changed.message()), HasSubstr("checkpoints/4.ckpt: the data has changed since"));
  --data_.samples.back();
  EXPECT_TRUE(Run(Small()).ok());
}

TEST_F(TrainerTest, GoesOnExactlyWithAugmentedImagesToo) {
  TrainSettings settings = Small();
  const std::string plain = Model(Run(settings, "plain"));
  settings.augmentation = {0.5, 10, 0.1};
  const std::string whole = Model(Run(settings, "whole"));
  EXPECT_NE(whole, plain);
  ASSERT_TRUE(Run(UpTo(settings, 5)).ok());
  EXPECT_EQ(Model(Run(settings)), whole);
}

TEST_F(TrainerTest, ResumingAFinishedJobSucceedsAtOnce) {
  const auto first = Run(Small());
  const auto again = Run(Small());
  ASSERT_TRUE(first.ok() && again.ok()) << again.status();
  EXPECT_EQ(again->steps, first->steps);
  EXPECT_EQ(again->export_path, first->export_path);
}

TEST_F(TrainerTest, WritesACheckpointAndNothingElseWhenStopped) {
  stop_ = true;
  const auto outcome = Run(Small());
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_TRUE(outcome->stopped);
  EXPECT_EQ(outcome->steps, 0U);
  EXPECT_TRUE(Exists("job/checkpoints/0.ckpt"));
  EXPECT_TRUE(fs::is_empty(folder_.File("job/samples")));
  EXPECT_TRUE(fs::is_empty(folder_.File("job/exports")));
  stop_ = false;
  EXPECT_EQ(Model(Run(Small())), Model(Run(Small(), "whole")));
}

TEST_F(TrainerTest, KeepsAsManyCheckpointsAsTheSpecSays) {
  TrainSettings settings = Small();
  settings.checkpoint_every_steps = 1;
  settings.kept_checkpoints = 3;
  ASSERT_TRUE(Run(settings).ok());
  for (const int step : {6, 7, 8}) EXPECT_TRUE(Exists("job/checkpoints/" + std::to_string(step) + ".ckpt")) << step;
  EXPECT_FALSE(Exists("job/checkpoints/5.ckpt"));
}

TEST_F(TrainerTest, EndsWithAClearErrorWhenTrainingDiverges) {
  const auto outcome = Run(Diverging());
  EXPECT_EQ(outcome.status().code(), absl::StatusCode::kAborted);
  EXPECT_THAT(outcome.status().message(), HasSubstr("training diverged"));
  EXPECT_TRUE(fs::is_empty(folder_.File("job/exports")));
}

TEST_F(TrainerTest, RollsBackWithHalfTheLearningRatesAsOftenAsAllowed) {
  TrainSettings settings = Diverging();
  settings.max_rollbacks = 2;
  EXPECT_EQ(Run(settings).status().code(), absl::StatusCode::kAborted);
  EXPECT_THAT(Events(), HasSubstr("at step 1; rolling back to step 0 with 0.5 of the learning rates"));
  EXPECT_THAT(Events(), HasSubstr("rolling back to step 0 with 0.25 of the learning rates"));
  EXPECT_THAT(Events(), testing::Not(HasSubstr("0.125 of the learning rates")));
}

TEST_F(TrainerTest, GoesOnAtALowerLearningRateAlsoAcrossAnInterruption) {
  TrainSettings settings = Diverging();
  settings.max_rollbacks = 100;  // until the rate is one at which nothing overflows
  const std::string whole = Model(Run(settings, "whole"));
  settings.max_rollbacks = 5;
  ASSERT_EQ(Run(settings).status().code(), absl::StatusCode::kAborted);
  settings.max_rollbacks = 100;
  EXPECT_EQ(Model(Run(settings)), whole);
}

TEST_F(TrainerTest, UsesTheCheckpointBeforeACorruptOneAndEndsWithTheSameWeights) {
  TrainSettings settings = Small();
  settings.checkpoint_every_steps = 3;  // 3, 6 and 8: also within an epoch and within a report
  const std::string whole = Model(Run(settings));
  const std::string checkpoint = ReadWhole(folder_.File("job/checkpoints/8.ckpt"));
  fs::resize_file(folder_.File("job/checkpoints/8.ckpt"), 1000);
  fs::remove_all(folder_.File("job/exports/8"));
  EXPECT_EQ(Model(Run(settings)), whole);
  EXPECT_THAT(ReadWhole(folder_.File("log")), HasSubstr("Resuming from step 6 of 8"));
  EXPECT_TRUE(ReadWhole(folder_.File("job/checkpoints/8.ckpt")) == checkpoint) << "its event's digest still holds";
}

TEST_F(TrainerTest, RefusesDataThatDoNotFillABatch) {
  TrainSettings settings = Small();
  settings.batch_size = 36;
  const auto outcome = Run(settings);
  EXPECT_EQ(outcome.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(outcome.status().message(), HasSubstr("35 images are fewer than one batch of 36"));
}

TEST_F(TrainerTest, ExportsUntrainedGeneratorsBySeed) {
  const auto bytes = [&](const std::string& name, uint64_t seed) {
    TrainSettings settings = Small();
    settings.seed = seed;
    settings.shape.channels = 3;
    auto job = JobDirectory::Create(folder_.File(name), "{}");
    const absl::Status status = ExportUntrained(settings, {}, &*job);
    EXPECT_TRUE(status.ok()) << status;
    return ReadWhole(job->ExportPath(0) + "/model.pt");
  };
  EXPECT_EQ(bytes("a", 1), bytes("b", 1));
  EXPECT_NE(bytes("c", 1), bytes("d", 2));
}

TEST_F(TrainerTest, ACheckpointIsExportedAsTheRunItselfWouldHave) {
  TrainSettings settings = Small();
  settings.checkpoint_every_steps = 5;
  ASSERT_TRUE(Run(settings).ok());
  settings.epochs = 0;
  settings.steps = 5;
  const std::string expected = Model(Run(settings, "until5"));
  const auto checkpoint = FindCheckpoint(folder_.File("job"), 5);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  const std::string out = folder_.File("out");
  ASSERT_TRUE(ExportCheckpoint(settings, *checkpoint, {"export", "job", 5, ""}, out).ok());
  EXPECT_TRUE(ReadWhole(out + "/model.pt") == expected);
  EXPECT_EQ(ExportCheckpoint(settings, *checkpoint, {}, out).code(), absl::StatusCode::kAlreadyExists);
  settings.shape.width = 5;
  EXPECT_EQ(ExportCheckpoint(settings, *checkpoint, {}, folder_.File("other")).code(), absl::StatusCode::kDataLoss);
}

// One that is evaluated every two steps, by the trainer's own extractor.
TrainSettings Evaluated() {
  TrainSettings settings = Small();
  settings.evaluate_every_steps = 2;
  settings.evaluation_samples = 16;
  settings.checkpoint_every_steps = 3;
  settings.kept_checkpoints = 1;
  return settings;
}

TEST_F(TrainerTest, EvaluatesOnTheWayAndExportsTheBest) {
  const auto outcome = Run(Evaluated());
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const auto best = JobHistory::FindBest(folder_.File("job/events"));
  ASSERT_TRUE(best.ok() && *best) << best.status();
  EXPECT_EQ(outcome->export_path, folder_.File("job/exports/" + std::to_string((*best)->step)));
  EXPECT_TRUE(Exists("job/checkpoints/" + std::to_string((*best)->step) + ".ckpt")) << "kept beside the newest";
  EXPECT_THAT(ReadWhole(outcome->export_path + "/model.json"), testing::Not(HasSubstr("\"fid\": null")));
  EXPECT_THAT(ReadWhole(folder_.File("log")), HasSubstr("of 16 images, the best so far"));
}

TEST_F(TrainerTest, AResumedRunMeasuresAndChoosesWhatAnUninterruptedOneDoes) {
  const std::string whole = Model(Run(Evaluated(), "whole"));
  ASSERT_EQ(Run(Evaluated()).value().steps, 8U);
  // As if it had been killed after the checkpoint of step 6, before that of the end.
  for (const char* later : {"job/checkpoints/8.ckpt", "job/exports"}) fs::remove_all(folder_.File(later));
  fs::create_directory(folder_.File("job/exports"));
  EXPECT_EQ(Model(Run(Evaluated())), whole);
  EXPECT_EQ(JobHistory::FindBest(folder_.File("job/events")).value()->fid,
            JobHistory::FindBest(folder_.File("whole/events")).value()->fid);
}

TEST_F(TrainerTest, RefusesABrokenExtractorBeforeTheFirstStep) {
  TrainSettings settings = Evaluated();
  settings.extractor = folder_.Write("extractor.pt", "not a network");
  const auto outcome = Run(settings);
  EXPECT_EQ(outcome.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(outcome.status().message()), HasSubstr("extractor.pt"));
  EXPECT_THAT(ReadWhole(folder_.File("log")), testing::Not(HasSubstr("Loss")));
}

TEST_F(TrainerTest, ClassesMakeAGridWithARowForEachAndAnExportThatTakesLabels) {
  data_.classes = 3;
  for (size_t i = 0; i < data_.count(); ++i) data_.labels.push_back(static_cast<int32_t>(i % 3));
  TrainSettings settings = Small();
  settings.shape.classes = 3;
  const auto outcome = Run(settings);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_THAT(ReadWhole(outcome->export_path + "/model.json"), HasSubstr("\"classes\": 3"));
  const auto checkpoint = FindCheckpoint(folder_.File("job"), 8);
  ASSERT_TRUE(checkpoint.ok());
  settings.shape.classes = 0;  // an export learns the classes from the checkpoint
  ASSERT_EQ(ExportCheckpoint(settings, *checkpoint, {"export", "job", 8, ""}, folder_.File("out")), absl::OkStatus());
  EXPECT_TRUE(ReadWhole(folder_.File("out/model.pt")) == ReadWhole(outcome->export_path + "/model.pt"));
}

}  // namespace
}  // namespace ganserve
