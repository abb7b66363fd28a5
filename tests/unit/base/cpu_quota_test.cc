#include "server/base/cpu_quota.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

// A folder that looks like the kernel's / to ReadCpuQuota, for a process that may use 8 CPUs.
class CpuQuotaTest : public testing::Test {
 protected:
  void Write(const std::string& path, const std::string& text) const {
    const std::filesystem::path full = root_ + "/" + path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full) << text << "\n";
  }

  void MountV2(const std::string& mount_root = "/") const {
    Write("proc/self/mountinfo",
          "21 1 0:20 / /proc rw - proc proc rw\n"
          "30 1 0:26 " +
              mount_root + " /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate");
  }
  void MountV1(const std::string& mount_root = "/") const {
    Write("proc/self/mountinfo", "31 1 0:28 " + mount_root +
                                     " /sys/fs/cgroup/cpuset rw shared:5 - cgroup cgroup rw,cpuset\n"
                                     "32 1 0:29 " +
                                     mount_root +
                                     " /sys/fs/cgroup/cpu,cpuacct rw shared:6 master:1 - cgroup cgroup rw,cpu,cpuacct");
  }
  void V1Quota(const std::string& group, const std::string& quota_us, const std::string& period_us) const {
    Write("sys/fs/cgroup/cpu,cpuacct/" + group + "/cpu.cfs_quota_us", quota_us);
    Write("sys/fs/cgroup/cpu,cpuacct/" + group + "/cpu.cfs_period_us", period_us);
  }

  CpuQuota Read() const { return ReadCpuQuota({root_, 8}); }

  const TemporaryFolder temporary_folder_;
  const std::string& root_ = temporary_folder_.path();
};

TEST_F(CpuQuotaTest, WithoutCgroupsTheAffinityDecides) {
  EXPECT_EQ(Read().cores, 8);
  EXPECT_EQ(Read().quota_cores, 0);
  EXPECT_EQ(Read().Describe(), "8 cores (8 CPUs, no cgroup quota)");
}

TEST_F(CpuQuotaTest, V2QuotaOfTheOwnGroupLimits) {
  MountV2();
  Write("proc/self/cgroup", "0::/pod/app");
  Write("sys/fs/cgroup/pod/app/cpu.max", "300000 100000");
  EXPECT_EQ(Read().cores, 3);
  EXPECT_EQ(Read().quota_cores, 3);
}

TEST_F(CpuQuotaTest, V2QuotaOfAGroupAboveLimits) {
  MountV2();
  Write("proc/self/cgroup", "0::/pod/app/inner");
  Write("sys/fs/cgroup/pod/app/inner/cpu.max", "max 100000");
  Write("sys/fs/cgroup/pod/app/cpu.max", "600000 100000");
  Write("sys/fs/cgroup/pod/cpu.max", "200000 100000");
  EXPECT_EQ(Read().cores, 2);
}

TEST_F(CpuQuotaTest, V2QuotaOfASiblingDoesNotLimit) {
  MountV2();
  Write("proc/self/cgroup", "0::/pod/app");
  Write("sys/fs/cgroup/pod/other/cpu.max", "100000 100000");
  EXPECT_EQ(Read().cores, 8);
}

TEST_F(CpuQuotaTest, V2MaxIsNoQuota) {
  MountV2();
  Write("proc/self/cgroup", "0::/");
  Write("sys/fs/cgroup/cpu.max", "max 100000");
  EXPECT_EQ(Read().cores, 8);
  EXPECT_EQ(Read().quota_cores, 0);
}

TEST_F(CpuQuotaTest, InACgroupNamespaceTheMountPointIsTheOwnGroup) {
  MountV2();
  Write("proc/self/cgroup", "0::/");
  Write("sys/fs/cgroup/cpu.max", "400000 100000");
  EXPECT_EQ(Read().cores, 4);
}

TEST_F(CpuQuotaTest, WithoutACgroupNamespaceTheMountRootIsStripped) {
  MountV2("/docker/abc");
  Write("proc/self/cgroup", "0::/docker/abc/child");
  Write("sys/fs/cgroup/cpu.max", "500000 100000");
  Write("sys/fs/cgroup/child/cpu.max", "250000 100000");
  EXPECT_EQ(Read().quota_cores, 2.5);
}

TEST_F(CpuQuotaTest, AGroupOutsideTheMountFallsBackToTheMountPoint) {
  MountV2("/docker/abc");
  Write("proc/self/cgroup", "0::/elsewhere");
  Write("sys/fs/cgroup/cpu.max", "500000 100000");
  Write("sys/fs/cgroup/elsewhere/cpu.max", "100000 100000");
  EXPECT_EQ(Read().cores, 5);
}

TEST_F(CpuQuotaTest, V1QuotaAndPeriodLimit) {
  MountV1();
  Write("proc/self/cgroup", "5:cpuset:/elsewhere\n4:cpu,cpuacct:/pod:1/app\n0::/");
  V1Quota("pod:1/app", "200000", "50000");
  EXPECT_EQ(Read().cores, 4);
}

TEST_F(CpuQuotaTest, V1QuotaOfAGroupAboveLimits) {
  MountV1();
  Write("proc/self/cgroup", "4:cpu,cpuacct:/pod/app");
  V1Quota("pod/app", "-1", "100000");
  V1Quota("pod", "600000", "100000");
  V1Quota(".", "700000", "100000");
  EXPECT_EQ(Read().cores, 6);
}

TEST_F(CpuQuotaTest, V1MinusOneIsNoQuota) {
  MountV1();
  Write("proc/self/cgroup", "4:cpu,cpuacct:/pod");
  V1Quota("pod", "-1", "100000");
  EXPECT_EQ(Read().cores, 8);
}

TEST_F(CpuQuotaTest, FractionsAreRoundedDown) {
  MountV2();
  Write("proc/self/cgroup", "0::/");
  Write("sys/fs/cgroup/cpu.max", "250000 100000");
  EXPECT_EQ(Read().cores, 2);
  EXPECT_EQ(Read().Describe(), "2 cores (8 CPUs, cgroup quota 2.5)");
}

TEST_F(CpuQuotaTest, LessThanOneCoreIsOneThread) {
  MountV2();
  Write("proc/self/cgroup", "0::/");
  Write("sys/fs/cgroup/cpu.max", "20000 100000");
  EXPECT_EQ(Read().cores, 1);
  EXPECT_EQ(Read().quota_cores, 0.2);
}

TEST_F(CpuQuotaTest, AQuotaBeyondTheAffinityDoesNotAddCores) {
  MountV2();
  Write("proc/self/cgroup", "0::/");
  Write("sys/fs/cgroup/cpu.max", "6400000 100000");
  EXPECT_EQ(Read().cores, 8);
}

TEST_F(CpuQuotaTest, MalformedFilesLimitNothing) {
  MountV2();
  Write("proc/self/cgroup", "nonsense\n0::/");
  for (const char* text : {"", "100000", "0 100000", "100000 0", "-5 100000", "x y", "99999999999999999999 1"}) {
    Write("sys/fs/cgroup/cpu.max", text);
    EXPECT_EQ(Read().cores, 8) << text;
  }
}

TEST(CpuQuotaOfThisMachineTest, IsAtLeastOneCoreAndAtMostTheAffinity) {
  const CpuQuota quota = ReadCpuQuota();
  EXPECT_GE(quota.cores, 1);
  EXPECT_LE(quota.cores, quota.affinity_cores);
}

}  // namespace
}  // namespace ganserve
