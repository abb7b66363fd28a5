// The real trainer, killed with SIGKILL or out of disk, and resumed: it ends with the weights and the loss events of a
// run to which nothing happened.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/base/unique_fd.h"
#include "server/jobs/event_log.h"
#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

namespace fs = std::filesystem;

constexpr int kFinished = 0;
constexpr int kKilled = -SIGKILL;
constexpr int kOutOfDisk = 5;
constexpr int kImages = 40;
constexpr int kSide = 28;
constexpr int kAttempts = 12;  // to kill a run

// An IDX file of images, every byte of which differs from its neighbours.
std::string IdxImages() {
  const auto big_endian = [](uint32_t value) {
    std::string out;
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift & 0xff));
    return out;
  };
  std::string file = big_endian(0x803) + big_endian(kImages) + big_endian(kSide) + big_endian(kSide);
  for (int i = 0; i < kImages * kSide * kSide; ++i) file.push_back(static_cast<char>(i * 7 + i / 784 * 31));
  return file;
}

class Process {
 public:
  Process(const std::vector<std::string>& arguments, const std::string& errors) {
    std::vector<char*> argv;
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return;
    output_ = UniqueFd(ends[0]);
    const UniqueFd write_end(ends[1]);
    pid_ = ::fork();
    if (pid_ != 0) return;
    const int file = ::open(errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file < 0 || ::dup2(ends[1], STDOUT_FILENO) < 0 || ::dup2(file, STDERR_FILENO) < 0) ::_exit(126);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Kills it so long after it has printed so many lines, unless it ends before.
  void KillAfter(int lines, std::chrono::milliseconds time) {
    char byte = 0;
    while (lines > 0 && ::read(output_.get(), &byte, 1) == 1) lines -= byte == '\n' ? 1 : 0;
    const UniqueFd handle(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    ASSERT_TRUE(handle.valid()) << std::strerror(errno);
    pollfd ended{handle.get(), POLLIN, 0};
    if (::poll(&ended, 1, static_cast<int>(time.count())) == 0) ::kill(pid_, SIGKILL);
  }

  // The exit code, or minus the signal.
  int Wait() {
    char bytes[4096];
    while (::read(output_.get(), bytes, sizeof(bytes)) > 0) {
    }
    int status = 0;
    if (::waitpid(pid_, &status, 0) != pid_) return 128;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
  UniqueFd output_;
};

class TrainerKillTest : public testing::Test {
 protected:
  TrainerKillTest() { folder_.Write("images-idx3-ubyte", IdxImages()); }

  // 60 steps in 6 epochs; a checkpoint after each, so that most lie between two reports. Resumes where there is a job
  // already.
  std::vector<std::string> Command(const std::string& job) const {
    std::vector<std::string> command = {TRAINER_PATH,
                                        "train",
                                        "--data",
                                        folder_.File("images-idx3-ubyte"),
                                        "--out",
                                        job,
                                        "--epochs",
                                        "6",
                                        "--batch",
                                        "4",
                                        "--width",
                                        "2",
                                        "--latent",
                                        "4",
                                        "--threads",
                                        "1",
                                        "--report-every",
                                        "3",
                                        "--sample-every",
                                        "2",
                                        "--checkpoint-steps",
                                        "1"};
    if (fs::exists(job + "/spec")) command.push_back("--resume");
    return command;
  }

  int Run(const std::string& job) const { return Process(Command(job), folder_.File("errors")).Wait(); }
  std::string Errors() const { return ReadWhole(folder_.File("errors")); }

  static std::string Model(const std::string& job) { return ReadWhole(job + "/exports/60/model.pt"); }

  static std::vector<std::string> Losses(const std::string& job) {
    std::vector<std::string> losses;
    const auto contents = ReadEventLog(job + "/events");
    EXPECT_TRUE(contents.ok()) << contents.status();
    for (const v1::TrainEvent& event : contents->events) {
      if (event.has_losses()) losses.push_back(absl::StrCat(event.step(), ": ", event.losses().SerializeAsString()));
    }
    return losses;
  }

  static std::vector<std::string> TemporaryFiles(const std::string& job) {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(job)) {
      if (entry.path().filename().string().find(".tmp.") != std::string::npos) found.push_back(entry.path());
    }
    return found;
  }

  const TemporaryFolder folder_;
};

TEST_F(TrainerKillTest, ARunThatWasKilledAtAnyMomentEndsLikeOneThatWasNot) {
  const std::string whole = folder_.File("whole");
  ASSERT_EQ(Run(whole), kFinished) << Errors();
  ASSERT_EQ(Losses(whole).size(), 24U) << "after batches 3, 6, 9 and 10 of six epochs";

  // The moments are random on purpose, a few lines of losses after each start, and whatever they hit must hold.
  const std::string job = folder_.File("killed");
  std::mt19937 random(20);
  std::uniform_int_distribution<int> lines(0, 7);
  std::uniform_int_distribution<int> milliseconds(0, 30);
  int kills = 0;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    Process trainer(Command(job), folder_.File("errors"));
    trainer.KillAfter(lines(random), std::chrono::milliseconds(milliseconds(random)));
    const int code = trainer.Wait();
    ASSERT_THAT(code, testing::AnyOf(kKilled, kFinished)) << Errors();
    if (code == kKilled) ++kills;
    if (code == kFinished && attempt < kAttempts - 1) fs::rename(job, folder_.File(absl::StrCat("finished", attempt)));
  }
  EXPECT_GT(kills, 0);
  ASSERT_EQ(Run(job), kFinished) << Errors();
  EXPECT_TRUE(Model(job) == Model(whole));
  EXPECT_EQ(Losses(job), Losses(whole));
  EXPECT_THAT(TemporaryFiles(job), testing::IsEmpty());
  for (int attempt = 0; attempt < kAttempts - 1; ++attempt) {
    const std::string finished = folder_.File(absl::StrCat("finished", attempt));
    if (!fs::exists(finished)) continue;
    EXPECT_TRUE(Model(finished) == Model(whole)) << attempt;
    EXPECT_EQ(Losses(finished), Losses(whole)) << attempt;
  }
}

TEST_F(TrainerKillTest, CheckJudgesTheDataAndCreatesNoJob) {
  const std::string job = folder_.File("job");
  std::vector<std::string> command = Command(job);
  command.push_back("--check");
  EXPECT_EQ(Process(command, folder_.File("errors")).Wait(), kFinished) << Errors();
  const std::string whole = IdxImages();
  folder_.Write("images-idx3-ubyte", whole.substr(0, whole.size() - 1));
  EXPECT_EQ(Process(command, folder_.File("errors")).Wait(), 1);
  EXPECT_THAT(Errors(), testing::AllOf(testing::HasSubstr("images-idx3-ubyte"), testing::HasSubstr("offset")));
  EXPECT_FALSE(fs::exists(job));
}

// A small file system of this process and its children alone.
bool MountSmallDisk(const std::string& path, const std::string& size) {
  if (::unshare(CLONE_NEWNS) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("tmpfs", path.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
}

// From a disk that holds nothing to one that holds everything but the last file: each size fails somewhere else.
TEST_F(TrainerKillTest, AFullDiskCorruptsNothingAndTheRunGoesOnWhenThereIsRoom) {
  const std::string whole = folder_.File("whole");
  ASSERT_EQ(Run(whole), kFinished) << Errors();
  const std::string disk = folder_.File("disk");
  fs::create_directories(disk);
  if (!MountSmallDisk(disk, "16k")) GTEST_SKIP() << "cannot mount a tmpfs here: " << std::strerror(errno);
  const std::string job = disk + "/job";
  int full = 0;
  int code = -1;
  for (int kilobytes = 16; kilobytes <= 4096 && code != kFinished; kilobytes += 24) {
    ASSERT_EQ(::mount("none", disk.c_str(), nullptr, MS_REMOUNT, absl::StrCat("size=", kilobytes, "k").c_str()), 0);
    code = Run(job);
    ASSERT_THAT(code, testing::AnyOf(kFinished, kOutOfDisk)) << kilobytes << " KiB: " << Errors();
    if (code == kFinished) break;
    ++full;
    EXPECT_THAT(Errors(), testing::HasSubstr("o space left"));
    EXPECT_THAT(TemporaryFiles(disk), testing::IsEmpty());
  }
  EXPECT_GT(full, 1);
  ASSERT_EQ(code, kFinished);
  EXPECT_TRUE(Model(job) == Model(whole));
  EXPECT_EQ(Losses(job), Losses(whole));
  ::umount2(disk.c_str(), MNT_DETACH);
}

}  // namespace
}  // namespace ganserve
