#include "server/base/bounded_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace ganserve {
namespace {

TEST(BoundedQueueTest, GivesElementsInTheirOrder) {
  BoundedQueue<int> queue(3);
  for (int i = 0; i < 3; ++i) queue.Push(i);
  int element = -1;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(queue.Pop(&element));
    EXPECT_EQ(element, i);
  }
}

TEST(BoundedQueueTest, MovesElementsThatCannotBeCopied) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  queue.Push(std::make_unique<int>(5));
  std::unique_ptr<int> element;
  ASSERT_TRUE(queue.Pop(&element));
  EXPECT_EQ(*element, 5);
}

TEST(BoundedQueueTest, WhatIsQueuedAtCloseCanStillBeTaken) {
  BoundedQueue<int> queue(2);
  queue.Push(1);
  queue.Close();
  queue.Close();
  int element = 0;
  EXPECT_TRUE(queue.Pop(&element));
  EXPECT_EQ(element, 1);
  EXPECT_FALSE(queue.Pop(&element));
}

TEST(BoundedQueueTest, CloseWakesThoseWhoWait) {
  BoundedQueue<int> queue(1);
  std::atomic<int> ended = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] {
        int element = 0;
        if (!queue.Pop(&element)) ++ended;
      });
    }
    queue.Close();
  }
  EXPECT_EQ(ended, 3);
}

TEST(BoundedQueueTest, NeverHoldsMoreThanItsCapacityAndLosesNothing) {
  constexpr int kElements = 2000;
  constexpr int kCapacity = 4;
  BoundedQueue<int> queue(kCapacity);
  std::atomic<int> pushed = 0;
  int sum = 0;
  std::jthread producer([&] {
    for (int i = 1; i <= kElements; ++i) {
      queue.Push(i);
      ++pushed;
    }
    queue.Close();
  });
  int element = 0;
  for (int popped = 0; queue.Pop(&element); ++popped) {
    sum += element;
    // This one has been taken out, so beside the popped ones at most `kCapacity` have gone in, and one more is counted.
    EXPECT_LE(pushed, popped + 1 + kCapacity);
  }
  EXPECT_EQ(sum, kElements * (kElements + 1) / 2);
}

}  // namespace
}  // namespace ganserve
