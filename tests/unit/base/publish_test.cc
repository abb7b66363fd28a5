#include "server/base/publish.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

TEST(PublishTest, AFolderThatSomebodyElsePublishedMeanwhileExistsAlready) {
  const TemporaryFolder folder;
  const absl::Status published = PublishFolderWith(folder.File("1"), [&](const std::string& temporary) -> absl::Status {
    std::filesystem::create_directories(folder.File("1"));
    folder.Write("1/model.pt", "theirs");
    std::filesystem::create_directories(temporary);
    return absl::OkStatus();
  });
  EXPECT_EQ(published.code(), absl::StatusCode::kAlreadyExists) << published;
  EXPECT_EQ(ReadWhole(folder.File("1/model.pt")), "theirs");
  int left = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) left += entry.exists() ? 1 : 0;
  EXPECT_EQ(left, 1);
}

TEST(PublishTest, TemporaryNamesAreRecognised) {
  EXPECT_TRUE(IsTemporaryName(TemporaryName("shoes/3")));
  EXPECT_FALSE(IsTemporaryName("shoes/3"));
}

}  // namespace
}  // namespace ganserve
