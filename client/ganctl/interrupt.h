// SIGINT and SIGTERM as a stop token: the first asks for an orderly end, the second ends the process at once.
#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

#include "server/base/mutex.h"

namespace ganserve::ganctl {

// Make one, in main, before any other thread starts: they all inherit that the two signals are blocked, so that only
// the thread of this class receives them. The other members may be called from any thread.
class Interrupt {
 public:
  Interrupt();
  // Ends the thread.
  ~Interrupt();

  std::stop_token token() const;

  // For a command that goes on after a signal, to ask what to do: a new token, for the next signal. Only the one after
  // that ends the process.
  std::stop_token Renew();

  // Whether the last signal came from the keyboard or like it: SIGINT, not SIGTERM.
  bool by_keyboard() const { return by_keyboard_; }

 private:
  void WaitForSignals();

  mutable Mutex mutex_;
  std::stop_source source_ GUARDED_BY(mutex_);
  std::atomic<bool> by_keyboard_ = false;
  std::atomic<bool> closing_ = false;
  std::jthread thread_;
};

}  // namespace ganserve::ganctl
