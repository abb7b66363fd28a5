#include "server/train/train_length.h"

#include <gmock/gmock.h>

#include "server/base/train_limits.h"

namespace ganserve {
namespace {

TrainSettings Batches(int size) {
  TrainSettings settings;
  settings.data = "squares";
  settings.batch_size = size;
  return settings;
}

TEST(TrainLengthTest, LeavesTheIncompleteBatchOfAnEpochOut) {
  TrainSettings settings = Batches(8);
  settings.epochs = 3;
  const TrainLength length(settings, 35);
  EXPECT_EQ(length.batches, 4U);
  EXPECT_EQ(length.steps, 12U);
}

TEST(TrainLengthTest, StepsCountInPlaceOfEpochs) {
  TrainSettings settings = Batches(8);
  settings.epochs = 0;
  settings.steps = 5;
  EXPECT_EQ(TrainLength(settings, 35).steps, 5U);
}

TEST(TrainLengthTest, TellsEpochAndBatchOfTheLastStepDone) {
  const TrainLength length(Batches(8), 35);
  EXPECT_EQ(length.EpochOf(0), 0U);
  EXPECT_EQ(length.BatchOf(0), 0U);
  EXPECT_EQ(length.EpochOf(1), 1U);
  EXPECT_EQ(length.BatchOf(1), 1U);
  EXPECT_EQ(length.EpochOf(4), 1U);
  EXPECT_EQ(length.BatchOf(4), 4U);
  EXPECT_EQ(length.EpochOf(5), 2U);
  EXPECT_EQ(length.BatchOf(5), 1U);
}

TEST(TrainLengthTest, RefusesDataThatDoNotFillABatch) {
  EXPECT_EQ(CheckFillsABatch(Batches(8), 8), absl::OkStatus());
  const absl::Status status = CheckFillsABatch(Batches(8), 7);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "squares: 7 images are fewer than one batch of 8");
}

TEST(TrainLengthTest, RefusesDataThatAnEvaluationCannotMeasureAgainst) {
  TrainSettings settings = Batches(2);
  EXPECT_EQ(CheckCanBeEvaluated(settings, 2), absl::OkStatus());
  settings.evaluate_every_steps = 500;
  EXPECT_EQ(CheckCanBeEvaluated(settings, 4), absl::OkStatus());
  const absl::Status status = CheckCanBeEvaluated(settings, 3);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "squares: 3 images are fewer than the 4 that an evaluation needs");
}

TEST(TrainLengthTest, TellsNetworksOfAtMostAsManyClassesAsAModelMayHave) {
  EXPECT_EQ(*ClassesToTell(Conditioning::kAuto, kMaxClasses), kMaxClasses);
  EXPECT_EQ(*ClassesToTell(Conditioning::kNone, kMaxClasses + 1), 0);
  for (const Conditioning conditioning : {Conditioning::kAuto, Conditioning::kClass}) {
    EXPECT_EQ(ClassesToTell(conditioning, kMaxClasses + 1).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace ganserve
