// SIGINT and SIGTERM as a stop token: the first asks for an orderly end, the second ends the process at once.
#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

namespace ganserve::ganctl {

// Make one, in main, before any other thread starts: they all inherit that the two signals are blocked, so that only
// the thread of this class receives them.
class Interrupt {
 public:
  Interrupt();
  // Ends the thread.
  ~Interrupt();

  std::stop_token token() const { return source_.get_token(); }

 private:
  void WaitForSignals();

  std::stop_source source_;
  std::atomic<bool> closing_ = false;
  std::jthread thread_;
};

}  // namespace ganserve::ganctl
