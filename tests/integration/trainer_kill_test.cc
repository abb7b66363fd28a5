// The real trainer, killed with SIGKILL or out of disk, and resumed: it ends with the weights and the events of a run
// to which nothing happened.
#include <gmock/gmock.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <random>

#include "absl/strings/str_cat.h"
#include "tests/integration/trainer_process.h"

namespace ganserve {
namespace {

namespace fs = std::filesystem;
using testing::AnyOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr int kKilled = -SIGKILL;
constexpr int kAttempts = 12;  // to kill a run

class TrainerKillTest : public testing::Test {
 protected:
  static std::string Model(const std::string& job) { return ReadWhole(job + "/exports/60/model.pt"); }
  static std::string LastCheckpoint(const std::string& job) { return ReadWhole(job + "/checkpoints/60.ckpt"); }

  static void ExpectLike(const std::string& job, const std::string& whole) {
    EXPECT_TRUE(Model(job) == Model(whole)) << job;
    EXPECT_TRUE(LastCheckpoint(job) == LastCheckpoint(whole)) << job;
    EXPECT_EQ(History(job), History(whole)) << job;
    EXPECT_THAT(Files(job), Not(Contains(HasSubstr(".tmp."))));
  }

  TrainerJobs jobs_;
};

TEST_F(TrainerKillTest, ARunThatWasKilledAtAnyMomentEndsLikeOneThatWasNot) {
  const std::string whole = jobs_.Create("whole", TrainerJobs::Spec());
  ASSERT_EQ(jobs_.Run(whole), kFinished) << jobs_.errors();
  // Losses: every third step and the ends of six epochs, two of which are a third step too.
  ASSERT_EQ(History(whole).size(), 24U + 3 + 60 + 1 + 1) << "losses, samples, checkpoints, evaluation and export";

  // The moments are random on purpose, a few lines of losses after each start, and whatever they hit must hold.
  std::string job = jobs_.Create("killed", TrainerJobs::Spec());
  std::mt19937 random(20);
  std::uniform_int_distribution<int> lines(0, 7);
  std::uniform_int_distribution<int> milliseconds(0, 30);
  int kills = 0;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    TrainerRun trainer(jobs_.RunArguments(job), jobs_.errors_file());
    trainer.KillAfter(lines(random), std::chrono::milliseconds(milliseconds(random)));
    const int code = trainer.Wait();
    ASSERT_THAT(code, AnyOf(kKilled, kFinished)) << jobs_.errors();
    if (code == kKilled) {
      ++kills;
      continue;
    }
    ExpectLike(job, whole);
    job = jobs_.Create(absl::StrCat("killed", attempt), TrainerJobs::Spec());
  }
  EXPECT_GT(kills, 0);
  ASSERT_EQ(jobs_.Run(job), kFinished) << jobs_.errors();
  ExpectLike(job, whole);
}

// A small file system of this process and its children alone.
bool MountSmallDisk(const std::string& path, const std::string& size) {
  if (::unshare(CLONE_NEWNS) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("tmpfs", path.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
}

// From a disk that holds little but the spec to one that holds everything but the last file: each size fails somewhere
// else.
TEST_F(TrainerKillTest, AFullDiskCorruptsNothingAndTheRunGoesOnWhenThereIsRoom) {
  const std::string whole = jobs_.Create("whole", TrainerJobs::Spec());
  ASSERT_EQ(jobs_.Run(whole), kFinished) << jobs_.errors();
  const std::string disk = jobs_.folder().File("disk");
  fs::create_directories(disk);
  if (!MountSmallDisk(disk, "16k")) GTEST_SKIP() << "cannot mount a tmpfs here: " << std::strerror(errno);
  const std::string job = disk + "/job";
  TrainerJobs::WriteSpec(job, TrainerJobs::Spec());
  int full = 0;
  int code = -1;
  for (int kilobytes = 16; kilobytes <= 4096 && code != kFinished; kilobytes += 24) {
    ASSERT_EQ(::mount("none", disk.c_str(), nullptr, MS_REMOUNT, absl::StrCat("size=", kilobytes, "k").c_str()), 0);
    code = jobs_.Run(job);
    ASSERT_THAT(code, AnyOf(kFinished, kOutOfDisk)) << kilobytes << " KiB: " << jobs_.errors();
    if (code == kFinished) break;
    ++full;
    EXPECT_THAT(jobs_.errors(), HasSubstr("o space left"));
    EXPECT_THAT(Files(job), Not(Contains(HasSubstr(".tmp."))));
  }
  EXPECT_GT(full, 1);
  ASSERT_EQ(code, kFinished);
  ExpectLike(job, whole);
  ::umount2(disk.c_str(), MNT_DETACH);
}

}  // namespace
}  // namespace ganserve
