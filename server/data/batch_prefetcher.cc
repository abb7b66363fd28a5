#include "server/data/batch_prefetcher.h"

#include <utility>

namespace ganserve {

BatchPrefetcher::BatchPrefetcher(Make make, uint64_t first, uint64_t end)
    : make_(std::move(make)), loader_([this, first, end] { Load(first, end); }) {}

void BatchPrefetcher::Load(uint64_t first, uint64_t end) {
  std::exception_ptr failure;
  try {
    for (uint64_t number = first; number < end; ++number) {
      if (!Add(make_(number))) break;
    }
  } catch (...) {  // for Next() to throw
    failure = std::current_exception();
  }
  Finish(std::move(failure));
}

bool BatchPrefetcher::Add(ImageBatch batch) {
  MutexLock lock(mutex_);
  while (waiting_.size() >= kAhead && !closed_) room_.Wait(mutex_);
  if (closed_) return false;
  waiting_.push_back(std::move(batch));
  batch_added_.NotifyOne();
  return true;
}

void BatchPrefetcher::Finish(std::exception_ptr failure) {
  MutexLock lock(mutex_);
  failure_ = std::move(failure);
  finished_ = true;
  batch_added_.NotifyOne();
}

std::optional<ImageBatch> BatchPrefetcher::Next() {
  MutexLock lock(mutex_);
  while (waiting_.empty() && !finished_ && !closed_) batch_added_.Wait(mutex_);
  if (closed_) return std::nullopt;
  if (!waiting_.empty()) {
    ImageBatch batch = std::move(waiting_.front());
    waiting_.pop_front();
    room_.NotifyOne();
    return batch;
  }
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  return std::nullopt;
}

void BatchPrefetcher::Close() {
  {
    MutexLock lock(mutex_);
    closed_ = true;
    waiting_.clear();
    room_.NotifyOne();
    batch_added_.NotifyOne();
  }
  if (loader_.joinable()) loader_.join();
}

}  // namespace ganserve
