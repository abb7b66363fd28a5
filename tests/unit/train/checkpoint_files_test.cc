#include "server/train/checkpoint_files.h"

#include <gmock/gmock.h>

#include "server/base/sha256.h"
#include "server/train/checksum_trailer.h"
#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

class CheckpointFilesTest : public testing::Test {
 protected:
  CheckpointFilesTest() { fs::create_directories(folder_.File("checkpoints")); }

  std::string WriteCheckpoint(uint64_t step, const std::string& contents) const {
    return folder_.Write(CheckpointName(step), WithChecksum(contents));
  }

  const TemporaryFolder folder_;
};

TEST_F(CheckpointFilesTest, ListsCheckpointsByNumberAndNothingElse) {
  for (const uint64_t step : {10U, 9U, 100U}) WriteCheckpoint(step, "x");
  folder_.Write("checkpoints/8.ckpt.tmp.123", "half");
  folder_.Write("checkpoints/notes.ckpt", "x");
  EXPECT_THAT(ListCheckpoints(folder_.path()),
              ElementsAre(Pair(9, folder_.File("checkpoints/9.ckpt")), Pair(10, folder_.File("checkpoints/10.ckpt")),
                          Pair(100, folder_.File("checkpoints/100.ckpt"))));
}

TEST_F(CheckpointFilesTest, ReadsContentsAndTheDigestOfTheFile) {
  const std::string path = WriteCheckpoint(3, "weights");
  const auto checkpoint = ReadCheckpoint(3, path);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_EQ(checkpoint->contents, "weights");
  EXPECT_EQ(checkpoint->sha256, Sha256Hex(ReadWhole(path)));
}

TEST_F(CheckpointFilesTest, FindsTheNewestIntactOneAndChangesNothing) {
  WriteCheckpoint(8, "eight");
  folder_.Write("checkpoints/9.ckpt", "torn");
  const auto found = FindCheckpoint(folder_.path(), std::nullopt);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->step, 8U);
  EXPECT_TRUE(fs::exists(folder_.File("checkpoints/9.ckpt"))) << "its trainer will see to it";
}

TEST_F(CheckpointFilesTest, FindsThatOfAStep) {
  WriteCheckpoint(8, "eight");
  WriteCheckpoint(9, "nine");
  EXPECT_EQ(FindCheckpoint(folder_.path(), 8)->contents, "eight");
}

TEST_F(CheckpointFilesTest, NamesTheStepsThereAre) {
  WriteCheckpoint(8, "eight");
  WriteCheckpoint(12, "twelve");
  const absl::Status status = FindCheckpoint(folder_.path(), 10).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("no checkpoint of step 10; there are: 8, 12"));
}

TEST_F(CheckpointFilesTest, SaysThatThereIsNone) {
  const absl::Status status = FindCheckpoint(folder_.path(), std::nullopt).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("has no checkpoint"));
}

TEST_F(CheckpointFilesTest, RefusesADamagedOneOfTheStepAskedFor) {
  folder_.Write("checkpoints/9.ckpt", "torn");
  EXPECT_EQ(FindCheckpoint(folder_.path(), 9).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace ganserve
