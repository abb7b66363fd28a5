#include "server/base/ticker.h"

#include <gtest/gtest.h>

#include <semaphore>

namespace ganserve {
namespace {

TEST(TickerTest, TicksAgainAndAgain) {
  std::counting_semaphore<> ticks(0);
  const Ticker ticker(std::chrono::milliseconds(1), [&] { ticks.release(); });
  for (int i = 0; i < 3; ++i) ticks.acquire();
}

TEST(TickerTest, ItsEndWaitsForNoInterval) {
  bool ticked = false;
  {
    const Ticker ticker(std::chrono::hours(24), [&] { ticked = true; });
  }
  EXPECT_FALSE(ticked);
}

TEST(TickerTest, ItsEndWaitsForATickUnderWay) {
  std::binary_semaphore begun(0);
  bool over = false;
  {
    const Ticker ticker(std::chrono::milliseconds(1), [&] {
      if (over) return;
      begun.release();
      over = true;
    });
    begun.acquire();
  }
  EXPECT_TRUE(over);
}

}  // namespace
}  // namespace ganserve
