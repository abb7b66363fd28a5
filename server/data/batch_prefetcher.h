// Makes the next batches while a step runs, so that no step waits for its data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <optional>
#include <thread>

#include "server/base/mutex.h"
#include "server/data/image_batch.h"

namespace ganserve {

// Batches have numbers and are made in their order, on a thread of its own, at most kAhead of them before they are
// asked for. Since a batch is a function of its number, what Next() gives does not depend on who was faster: it is what
// the caller would have made itself.
class BatchPrefetcher {
 public:
  // Bytes waiting: kAhead batches and the one being made. One would do as long as each step takes longer than each
  // batch; two also cover a batch that takes longer than others, as the first of an epoch does.
  static constexpr size_t kAhead = 2;

  using Make = std::function<ImageBatch(uint64_t number)>;

  // Batches first to end - 1. `make` is called on the loader's thread alone, until Close(); what it refers to lives
  // longer.
  BatchPrefetcher(Make make, uint64_t first, uint64_t end);
  ~BatchPrefetcher() { Close(); }
  BatchPrefetcher(const BatchPrefetcher&) = delete;
  BatchPrefetcher& operator=(const BatchPrefetcher&) = delete;

  // The next batch; waits until it is made. nullopt after the last and after Close(). Throws, in its place, what `make`
  // threw for this batch, which is the last then. One caller at a time.
  std::optional<ImageBatch> Next();

  // Waits for the batch that is being made and throws away what waits. Idempotent; also wakes a Next() on another
  // thread.
  void Close();

 private:
  void Load(uint64_t first, uint64_t end);

  // Waits for room and adds the batch. False when closed.
  bool Add(ImageBatch batch);
  void Finish(std::exception_ptr failure);

  const Make make_;
  Mutex mutex_;
  CondVar batch_added_;  // or no more will be
  CondVar room_;         // or closed
  std::deque<ImageBatch> waiting_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;       // no more batches will be added
  std::exception_ptr failure_ ABSL_GUARDED_BY(mutex_);  // of the batch after those that wait
  std::jthread loader_;                                 // last: it uses the rest
};

}  // namespace ganserve
