#include "server/base/ticker.h"

#include <utility>

namespace ganserve {

Ticker::Ticker(std::chrono::milliseconds interval, std::function<void()> tick)
    : interval_(interval), tick_(std::move(tick)), thread_([this] { Run(); }) {}

Ticker::~Ticker() {
  MutexLock lock(mutex_);
  ended_ = true;
  ended_changed_.NotifyAll();
}

void Ticker::Run() {
  while (WaitForInterval()) tick_();
}

bool Ticker::WaitForInterval() {
  const auto end = std::chrono::steady_clock::now() + interval_;
  MutexLock lock(mutex_);
  while (!ended_ && std::chrono::steady_clock::now() < end) ended_changed_.WaitUntil(mutex_, end);
  return !ended_;
}

}  // namespace ganserve
