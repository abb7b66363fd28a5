#include "client/ganctl/interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "client/ganctl/exit_code.h"

namespace ganserve::ganctl {
namespace {

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

}  // namespace

Interrupt::Interrupt() {
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  thread_ = std::jthread([this] { WaitForSignals(); });
}

Interrupt::~Interrupt() {
  closing_ = true;
  pthread_kill(thread_.native_handle(), SIGTERM);
}

std::stop_token Interrupt::token() const {
  MutexLock lock(mutex_);
  return source_.get_token();
}

std::stop_token Interrupt::Renew() {
  MutexLock lock(mutex_);
  source_ = std::stop_source();
  return source_.get_token();
}

void Interrupt::WaitForSignals() {
  const sigset_t signals = StopSignals();
  int signal = 0;
  while (sigwait(&signals, &signal) == 0 && !closing_) {
    by_keyboard_ = signal == SIGINT;
    std::stop_source source(std::nostopstate);
    {
      MutexLock lock(mutex_);
      source = source_;
    }
    // Not under the lock: this runs what others have hung on the token.
    if (!source.request_stop()) _exit(kInterrupted);
  }
}

}  // namespace ganserve::ganctl
