// A thread that runs functions one after the other.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <utility>

#include "server/base/mutex.h"

namespace ganserve {

class TaskThread {
 public:
  // At most `capacity` functions wait.
  explicit TaskThread(size_t capacity) : capacity_(capacity), thread_([this] { Run(); }) {}
  ~TaskThread() { Close(); }

  // False when `capacity` functions wait already, or when closed; the function is not run then. Any thread.
  bool TryPost(std::function<void()> task) {
    const MutexLock lock(mutex_);
    if (closed_ || tasks_.size() >= capacity_) return false;
    tasks_.push_back(std::move(task));
    posted_.NotifyOne();
    return true;
  }

  // Runs what waits, then ends the thread. Idempotent; from one thread, not from a task.
  void Close() {
    {
      const MutexLock lock(mutex_);
      closed_ = true;
      posted_.NotifyOne();
    }
    if (thread_.joinable()) thread_.join();
  }

 private:
  void Run() {
    while (true) {
      std::function<void()> task;
      {
        const MutexLock lock(mutex_);
        while (tasks_.empty() && !closed_) posted_.Wait(mutex_);
        if (tasks_.empty()) return;
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
  }

  const size_t capacity_;
  Mutex mutex_;
  CondVar posted_;  // or closed
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::jthread thread_;
};

}  // namespace ganserve
