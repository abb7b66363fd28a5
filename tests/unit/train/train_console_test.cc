#include "server/train/train_console.h"

#include <gmock/gmock.h>

#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

TEST(TrainConsoleTest, PrintsLossesInTheClassicForm) {
  EXPECT_EQ(FormatLossLine({3, 100, 200, 938, 0.6931, 1.204, 0, 0, 0, 0, 0, 0, 0}),
            "[Epoch 3/100] [Batch 200/938] D Loss: 0.6931 G Loss: 1.2040");
}

TEST(TrainConsoleTest, DrawsTheBarFromEmptyToFullWithinALine) {
  const std::string start = FormatProgress(0, 1, 10, 0, std::chrono::seconds(0));
  const std::string half = FormatProgress(0.5, 5, 10, 3.14, std::chrono::seconds(65));
  const std::string end = FormatProgress(1, 10, 10, 3.14, std::chrono::seconds(0));
  EXPECT_EQ(start, "[>                           ]   0.0% epoch 1/10, 0.0 steps/s, 0m00s left");
  EXPECT_EQ(half, "[==============>             ]  50.0% epoch 5/10, 3.1 steps/s, 1m05s left");
  EXPECT_EQ(end, "[============================] 100.0% epoch 10/10, 3.1 steps/s, 0m00s left");
}

TEST(TrainConsoleTest, DrawsNoBarIntoAFile) {
  TemporaryFolder folder;
  std::FILE* file = std::fopen(folder.File("log").c_str(), "w");
  TrainConsole console(file);
  console.Progress(1, 1, 1, 2);
  console.Line("a line");
  std::fclose(file);
  EXPECT_EQ(ReadWhole(folder.File("log")), "a line\n");
}

}  // namespace
}  // namespace ganserve
