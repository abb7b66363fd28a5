// The small types of base: clock, descriptors, status macros, mutex.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <thread>
#include <utility>
#include <vector>

#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/base/status_macros.h"
#include "server/base/unique_fd.h"

namespace ganserve {
namespace {

TEST(ClockTest, TheRealClockNeverGoesBack) {
  const Clock::TimePoint first = Clock::Real().Now();
  const Clock::TimePoint second = Clock::Real().Now();
  const auto machine = std::chrono::steady_clock::now();
  EXPECT_LE(first, second);
  EXPECT_LE(second, machine);
}

bool IsOpen(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(UniqueFdTest, ClosesWhenItGoes) {
  int fd = -1;
  {
    const UniqueFd owner(::open("/dev/null", O_RDONLY));
    fd = owner.get();
    ASSERT_TRUE(owner.valid());
    EXPECT_TRUE(IsOpen(fd));
  }
  EXPECT_FALSE(IsOpen(fd));
}

TEST(UniqueFdTest, AMoveHandsTheDescriptorOn) {
  UniqueFd first(::open("/dev/null", O_RDONLY));
  const int fd = first.get();
  UniqueFd second(std::move(first));
  EXPECT_EQ(second.get(), fd);
  UniqueFd third(::open("/dev/null", O_RDONLY));
  const int replaced = third.get();
  third = std::move(second);
  EXPECT_EQ(third.get(), fd);
  EXPECT_TRUE(IsOpen(fd));
  EXPECT_FALSE(IsOpen(replaced));
}

TEST(UniqueFdTest, ResetClosesOnce) {
  UniqueFd owner(::open("/dev/null", O_RDONLY));
  const int fd = owner.get();
  owner.Reset();
  owner.Reset();
  EXPECT_FALSE(owner.valid());
  EXPECT_FALSE(IsOpen(fd));
}

absl::Status ReturnIfError(const absl::Status& status, bool* went_on) {
  GANSERVE_RETURN_IF_ERROR(status);
  *went_on = true;
  return absl::OkStatus();
}

absl::StatusOr<int> Doubled(absl::StatusOr<int> value) {
  GANSERVE_ASSIGN_OR_RETURN(const int number, value);
  return 2 * number;
}

TEST(StatusMacrosTest, ReturnIfErrorReturnsOnlyErrors) {
  bool went_on = false;
  EXPECT_EQ(ReturnIfError(absl::InternalError("no"), &went_on), absl::InternalError("no"));
  EXPECT_FALSE(went_on);
  EXPECT_EQ(ReturnIfError(absl::OkStatus(), &went_on), absl::OkStatus());
  EXPECT_TRUE(went_on);
}

TEST(StatusMacrosTest, AssignOrReturnGivesTheValueOrTheError) {
  EXPECT_EQ(*Doubled(21), 42);
  EXPECT_EQ(Doubled(absl::NotFoundError("none")).status(), absl::NotFoundError("none"));
}

TEST(MutexTest, OneThreadAtATimeIsInside) {
  Mutex mutex;
  int count = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int step = 0; step < 10'000; ++step) {
          MutexLock lock(mutex);
          ++count;
        }
      });
    }
  }
  EXPECT_EQ(count, 40'000);
}

TEST(CondVarTest, WakesTheThreadWhoseConditionCameTrue) {
  Mutex mutex;
  CondVar changed;
  int turn = 0;
  const auto play = [&](int mine) {
    for (int i = 0; i < 100; ++i) {
      MutexLock lock(mutex);
      while (turn % 2 != mine) changed.Wait(mutex);
      ++turn;
      changed.NotifyAll();
    }
  };
  {
    std::jthread even([&] { play(0); });
    std::jthread odd([&] { play(1); });
  }
  EXPECT_EQ(turn, 200);
}

}  // namespace
}  // namespace ganserve
