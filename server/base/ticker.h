// Something that is to happen again and again.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

#include "server/base/mutex.h"

namespace ganserve {

// Calls `tick` from a thread of its own, first one interval after construction, until it is destroyed: the destructor
// waits for a tick under way, but for no interval. An interval begins when a tick ends, so ticks never pile up.
class Ticker {
 public:
  Ticker(std::chrono::milliseconds interval, std::function<void()> tick);
  ~Ticker();
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

 private:
  void Run();
  // False when the ticker is to end.
  bool WaitForInterval();

  const std::chrono::milliseconds interval_;
  const std::function<void()> tick_;

  Mutex mutex_;
  CondVar ended_changed_;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;

  std::jthread thread_;
};

}  // namespace ganserve
