#include "server/base/memory_limit.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

constexpr uint64_t kMiB = 1 << 20;

// A folder that looks like the kernel's / to ReadMemoryLimit, of a machine with 8 GiB. How groups are found is
// cpu_quota_test's.
class MemoryLimitTest : public testing::Test {
 protected:
  MemoryLimitTest() { Write("proc/meminfo", "MemFree:   1048576 kB\nMemTotal:   8388608 kB\nMemAvailable: 4 kB"); }

  void Write(const std::string& path, const std::string& text) const {
    const std::filesystem::path full = folder_.File(path);
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full) << text << "\n";
  }
  void MountV2() const {
    Write("proc/self/mountinfo", "30 1 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate");
    Write("proc/self/cgroup", "0::/pod/app");
  }
  void MountV1() const {
    Write("proc/self/mountinfo",
          "31 1 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
          "32 1 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory");
    Write("proc/self/cgroup", "5:cpu:/elsewhere\n4:memory:/pod/app");
  }

  MemoryLimit Read() const { return ReadMemoryLimit(folder_.path()); }

  const TemporaryFolder folder_;
};

TEST_F(MemoryLimitTest, WithoutCgroupsTheMachineDecides) {
  EXPECT_EQ(Read().bytes, 8192 * kMiB);
  EXPECT_EQ(Read().source, "the machine's memory");
}

TEST_F(MemoryLimitTest, V2LimitOfTheOwnGroupHolds) {
  MountV2();
  Write("sys/fs/cgroup/pod/app/memory.max", "536870912");
  EXPECT_EQ(Read().bytes, 512 * kMiB);
  EXPECT_EQ(Read().source, "the cgroup's limit");
}

TEST_F(MemoryLimitTest, TheSmallestOfTheGroupsAboveHolds) {
  MountV2();
  Write("sys/fs/cgroup/pod/app/memory.max", "max");
  Write("sys/fs/cgroup/pod/memory.max", "268435456");
  Write("sys/fs/cgroup/memory.max", "1073741824");
  EXPECT_EQ(Read().bytes, 256 * kMiB);
}

TEST_F(MemoryLimitTest, WhereTheKernelSlowsTheProcessDownIsALimitToo) {
  MountV2();
  Write("sys/fs/cgroup/pod/app/memory.max", "1073741824");
  Write("sys/fs/cgroup/pod/app/memory.high", "805306368");
  EXPECT_EQ(Read().bytes, 768 * kMiB);
}

TEST_F(MemoryLimitTest, V1LimitsHoldLikewise) {
  MountV1();
  Write("sys/fs/cgroup/memory/pod/app/memory.limit_in_bytes", "9223372036854771712");  // v1's word for none
  EXPECT_EQ(Read().bytes, 8192 * kMiB);
  Write("sys/fs/cgroup/memory/pod/memory.limit_in_bytes", "134217728");
  EXPECT_EQ(Read().bytes, 128 * kMiB);
  EXPECT_EQ(Read().source, "the cgroup's limit");
}

TEST_F(MemoryLimitTest, ALimitBeyondTheMachineIsNone) {
  MountV2();
  Write("sys/fs/cgroup/pod/app/memory.max", "1099511627776");
  EXPECT_EQ(Read().source, "the machine's memory");
}

TEST_F(MemoryLimitTest, MalformedFilesLimitNothing) {
  MountV2();
  for (const char* text : {"", "0", "x", "99999999999999999999999"}) {
    Write("sys/fs/cgroup/pod/app/memory.max", text);
    EXPECT_EQ(Read().bytes, 8192 * kMiB) << text;
  }
  Write("proc/meminfo", "MemTotal: many");
  EXPECT_EQ(Read().bytes, UINT64_MAX);
}

TEST(MemoryLimitOfThisMachineTest, IsKnown) {
  EXPECT_GT(ReadMemoryLimit().bytes, 64 * kMiB);
  EXPECT_LT(ReadMemoryLimit().bytes, UINT64_MAX);
}

}  // namespace
}  // namespace ganserve
