#include "server/base/read_file.h"

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

TEST(ReadFileTest, ReadsFilesOfAnyLength) {
  const TemporaryFolder folder;
  for (const size_t length : {size_t{0}, size_t{1}, size_t{64 << 10}, size_t{200'000}}) {
    const std::string bytes(length, '\0');
    const auto read = ReadFile(folder.Write("file", bytes));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_TRUE(*read == bytes) << length;
  }
}

TEST(ReadFileTest, NamesWhatCannotBeRead) {
  const TemporaryFolder folder;
  EXPECT_EQ(ReadFile(folder.File("none")).status(), absl::NotFoundError(folder.File("none") + ": cannot open"));
  EXPECT_EQ(ReadFile(folder.path()).status(), absl::UnavailableError(folder.path() + ": cannot read"));
}

}  // namespace
}  // namespace ganserve
