// Whole runs on another device than the CPU.
#include "server/train/checkpoint_files.h"
#include "server/train/job_export.h"
#include "tests/unit/train/test_device.h"
#include "tests/unit/train/trainer_fixture.h"

namespace ganserve {
namespace {

using testing::HasSubstr;

TrainSettings OnDevice(TrainSettings settings) {
  settings.device = TestDevice().str();
  return settings;
}

TEST_F(TrainerTest, TrainsReportsEvaluatesAndExportsOnADevice) {
  TrainSettings settings = OnDevice(Small());
  settings.evaluate_every_steps = 4;
  settings.evaluation_samples = 16;
  const auto outcome = Run(settings);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->steps, 8U);
  EXPECT_TRUE(fs::exists(outcome->export_path + "/model.pt"));
  EXPECT_TRUE(Exists("job/samples/4.png"));
  const std::string log = ReadWhole(folder_.File("log"));
  EXPECT_THAT(log, HasSubstr("Training from the start: 8 steps, on " + settings.device));
  EXPECT_THAT(log, HasSubstr("[Epoch 2/2] [Batch 4/4] D Loss: "));
  EXPECT_THAT(log, HasSubstr("FID"));
}

TEST_F(TrainerTest, ResumedOnADeviceEndsWhereAnUninterruptedRunEnds) {
  const TrainSettings settings = OnDevice(Small());
  const std::string whole = Model(Run(settings, "whole"));
  ASSERT_TRUE(Run(UpTo(settings, 5)).ok());
  EXPECT_EQ(Model(Run(settings)), whole);
}

TEST_F(TrainerTest, AJobMovesFromTheCpuToADeviceAndBack) {
  ASSERT_TRUE(Run(UpTo(Small(), 3)).ok());
  ASSERT_TRUE(Run(OnDevice(UpTo(Small(), 6))).ok());
  const auto outcome = Run(Small());
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->steps, 8U);
}

TEST_F(TrainerTest, ACheckpointOfADeviceIsExportedOnTheCpuAsTheRunItselfDid) {
  const TrainSettings settings = OnDevice(Small());
  const std::string expected = Model(Run(settings));
  const auto checkpoint = FindCheckpoint(folder_.File("job"), 8);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  ASSERT_EQ(ExportCheckpoint(Small(), *checkpoint, {"export", "job", 8, ""}, folder_.File("out")), absl::OkStatus());
  EXPECT_TRUE(ReadWhole(folder_.File("out/model.pt")) == expected);
}

// On a device a run looks only where it tells of a step: here every second.
TEST_F(TrainerTest, RollsBackOnADeviceBeforeAnythingIsTold) {
  TrainSettings settings = OnDevice(Diverging());
  settings.max_rollbacks = 1;
  EXPECT_EQ(Run(settings).status().code(), absl::StatusCode::kAborted);
  EXPECT_THAT(Events(), HasSubstr("by step 2; rolling back to step 0 with 0.5 of the learning rates"));
  EXPECT_THAT(ReadWhole(folder_.File("log")), testing::Not(HasSubstr("D Loss")));
  EXPECT_TRUE(fs::is_empty(folder_.File("job/samples")));
  EXPECT_FALSE(Exists("job/checkpoints/2.ckpt"));
}

// Stopped after the second step, of which nothing is told.
TEST_F(TrainerTest, AStopSavesNoWeightsThatHaveDiverged) {
  TrainSettings settings = OnDevice(Diverging());
  if (!IsFake(torch::Device(settings.device))) GTEST_SKIP() << "only the fake accelerator counts steps";
  settings.report_every_steps = 100;
  int updates = 0;
  ObserveFakeAccelerator([&](const std::string& name) {
    if (name == "aten::_fused_adamw_" && ++updates == 4) stop_ = true;
  });
  const auto outcome = Run(settings);
  ObserveFakeAccelerator({});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_TRUE(outcome->stopped);
  EXPECT_EQ(outcome->steps, 0U);
  EXPECT_THAT(Events(), HasSubstr("by step 2; rolling back to step 0 with 0.5 of the learning rates"));
  EXPECT_TRUE(Exists("job/checkpoints/0.ckpt"));
  EXPECT_FALSE(Exists("job/checkpoints/2.ckpt"));
}

}  // namespace
}  // namespace ganserve
