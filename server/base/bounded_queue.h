// A queue between threads that holds at most `capacity` elements.
#pragma once

#include <cstddef>
#include <deque>
#include <utility>

#include "server/base/mutex.h"

namespace ganserve {

template <typename T>
class BoundedQueue {
 public:
  // `capacity` is at least 1.
  explicit BoundedQueue(size_t capacity) : capacity_(capacity) {}

  // Waits while the queue is full. Not after Close.
  void Push(T element) {
    MutexLock lock(mutex_);
    while (elements_.size() >= capacity_) room_.Wait(mutex_);
    elements_.push_back(std::move(element));
    elements_added_.NotifyOne();
  }

  // Waits for an element; false when the queue is closed and empty.
  bool Pop(T* element) {
    MutexLock lock(mutex_);
    while (elements_.empty() && !closed_) elements_added_.Wait(mutex_);
    if (elements_.empty()) return false;
    *element = std::move(elements_.front());
    elements_.pop_front();
    room_.NotifyOne();
    return true;
  }

  // What is queued can still be popped. Idempotent.
  void Close() {
    MutexLock lock(mutex_);
    closed_ = true;
    elements_added_.NotifyAll();
  }

 private:
  const size_t capacity_;
  Mutex mutex_;
  CondVar elements_added_;  // or closed
  CondVar room_;
  std::deque<T> elements_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace ganserve
