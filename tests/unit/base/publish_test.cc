#include "server/base/publish.h"

#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>

#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

namespace fs = std::filesystem;

size_t Entries(const std::string& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(PublishTest, ReplacesAFileAndLeavesNothingElse) {
  const TemporaryFolder folder;
  ASSERT_TRUE(PublishFile(folder.File("a"), "first").ok());
  ASSERT_TRUE(PublishFile(folder.File("a"), "second").ok());
  EXPECT_EQ(ReadWhole(folder.File("a")), "second");
  EXPECT_EQ(Entries(folder.path()), 1U);
}

TEST(PublishTest, AFolderAppearsWithEverythingInIt) {
  const TemporaryFolder folder;
  const auto write = [](const std::string& temporary) {
    EXPECT_TRUE(IsTemporaryName(fs::path(temporary).filename().string()));
    return PublishFile(temporary + "/file", "contents");
  };
  ASSERT_TRUE(PublishFolderWith(folder.File("a"), write).ok());
  EXPECT_EQ(ReadWhole(folder.File("a/file")), "contents");
  EXPECT_EQ(Entries(folder.path()), 1U);
}

TEST(PublishTest, NothingStaysOfWhatFails) {
  const TemporaryFolder folder;
  const auto fail = [](const std::string& temporary) {
    PublishFile(temporary + "/file", "half").IgnoreError();
    return absl::InternalError("no");
  };
  EXPECT_EQ(PublishFolderWith(folder.File("a"), fail).code(), absl::StatusCode::kInternal);
  EXPECT_EQ(Entries(folder.path()), 0U);
}

TEST(PublishTest, DoesNotReplaceAFolderEvenOneThatAppearsMeanwhile) {
  const TemporaryFolder folder;
  const auto overtaken = [&](const std::string& temporary) {
    fs::create_directories(folder.File("a"));
    folder.Write("a/file", "of another process");
    return PublishFile(temporary + "/file", "ours");
  };
  EXPECT_EQ(PublishFolderWith(folder.File("a"), overtaken).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(PublishFolderWith(folder.File("a"), overtaken).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReadWhole(folder.File("a/file")), "of another process");
  EXPECT_EQ(Entries(folder.path()), 1U);
}

TEST(PublishTest, RemovesTemporariesAllOrThoseOfACertainAge) {
  const TemporaryFolder folder;
  const std::string fresh = folder.Write("a.tmp.1-0", "of another process");
  const std::string old = folder.Write("b.tmp.2-0", "of one that was killed");
  folder.Write("kept", "no temporary");
  std::filesystem::last_write_time(old, std::filesystem::file_time_type::clock::now() - std::chrono::hours(25));
  RemoveTemporaries(folder.path(), std::chrono::hours(24));
  EXPECT_TRUE(std::filesystem::exists(fresh));
  EXPECT_FALSE(std::filesystem::exists(old));
  RemoveTemporaries(folder.path());
  EXPECT_FALSE(std::filesystem::exists(fresh));
  EXPECT_EQ(Entries(folder.path()), 1U);
}

TEST(PublishTest, ProcessesNeverShareATemporaryName) {
  const TemporaryFolder folder;
  std::string outer;
  std::string inner;
  const auto note = [](std::string* name) {
    return [name](const std::string& temporary) {
      *name = temporary;
      return absl::InternalError("no");
    };
  };
  PublishFolderWith(folder.File("a"), note(&outer)).IgnoreError();
  PublishFolderWith(folder.File("a"), note(&inner)).IgnoreError();
  EXPECT_NE(outer, inner) << "even with the same process number";
}

}  // namespace
}  // namespace ganserve
