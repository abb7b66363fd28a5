// std::mutex with clang's thread-safety annotations (https://clang.llvm.org/docs/ThreadSafetyAnalysis.html), so that
// -Wthread-safety checks which lock guards which field. absl::Mutex is not used: ThreadSanitizer does not see through the
// one that Debian 12 ships.
#pragma once

#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define GANSERVE_ATTRIBUTE(x) __attribute__((x))
#else
#define GANSERVE_ATTRIBUTE(x)
#endif

#define GUARDED_BY(mutex) GANSERVE_ATTRIBUTE(guarded_by(mutex))
#define REQUIRES(...) GANSERVE_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) GANSERVE_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define ACQUIRE(...) GANSERVE_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define RELEASE(...) GANSERVE_ATTRIBUTE(release_capability(__VA_ARGS__))
#define NO_THREAD_SAFETY_ANALYSIS GANSERVE_ATTRIBUTE(no_thread_safety_analysis)

namespace ganserve {

class GANSERVE_ATTRIBUTE(capability("mutex")) Mutex {
 public:
  void Lock() ACQUIRE() { mutex_.lock(); }
  void Unlock() RELEASE() { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class GANSERVE_ATTRIBUTE(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ACQUIRE(mutex) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexLock() RELEASE() { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// A condition variable for Mutex. Waits go in a loop over the condition: `while (!ready_) cond_.Wait(mutex_);`.
class CondVar {
 public:
  // Releases the mutex, waits for a notification (or a spurious wake-up) and takes the mutex again.
  void Wait(Mutex& mutex) REQUIRES(mutex) NO_THREAD_SAFETY_ANALYSIS {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    cond_.wait(lock);
    lock.release();
  }

  void NotifyOne() { cond_.notify_one(); }
  void NotifyAll() { cond_.notify_all(); }

 private:
  std::condition_variable cond_;
};

}  // namespace ganserve
