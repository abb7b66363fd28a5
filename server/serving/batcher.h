// Queues images and runs them in batches on a fixed set of worker threads.
//
// A worker that becomes free takes the next batch at once: nothing waits while a worker is idle, and batches grow only
// because work arrived while all workers were busy. FairQueue decides whose images come first. Work that nobody waits
// for any more is dropped before the forward pass and again before encoding.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/bounded_queue.h"
#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/serving/admission.h"
#include "server/serving/answer_memory.h"
#include "server/serving/batch_runner.h"
#include "server/serving/fair_queue.h"
#include "server/serving/generate_job.h"
#include "server/serving/service_rate.h"
#include "server/serving/serving_metrics.h"

namespace ganserve {

class Batcher {
 public:
  struct Options {
    // Threads that run forward passes; 1 to 1,024. On a CPU one for each core, on CUDA one for each device.
    size_t workers = 1;
    // Images in one forward pass; 1 to 4,096.
    size_t max_batch_images = 16;
    // A worker takes at most one part in so many of what waits, at least 1. More than one where a small batch costs as
    // little for each image as a large one: images are answered sooner and latencies are more alike, and when much
    // waits, batches are full all the same.
    size_t parts = 1;
    // Images that may wait at once, over all jobs; at least max_batch_images. Beyond it Submit refuses.
    size_t max_queue_images = 16384;
    // Threads that encode and deliver. 0: the worker does it itself, best where both need the same processor. Else
    // encoding overlaps the next forward pass; a worker waits while 2 batches for each encoder thread are waiting
    // already.
    size_t encoders = 0;
    // What accepted jobs' answers count against; null: they may take any memory.
    std::shared_ptr<AnswerMemory> answers = nullptr;
  };

  // `encoder`, `metrics` and `clock` outlive the batcher. INVALID_ARGUMENT names an option out of range.
  static absl::StatusOr<std::unique_ptr<Batcher>> Create(const Options& options, const ImageEncoder& encoder,
                                                         ServingMetrics& metrics, const Clock& clock);

  // As Close.
  ~Batcher();

  // Accepts a job or says why not; in that case the job is not called. Any thread, never blocks for work.
  //   RESOURCE_EXHAUSTED  queue or memory for answers full, or deadline out of reach; with a RetryAfter hint
  //   DEADLINE_EXCEEDED   the deadline has passed
  //   UNAVAILABLE         closed
  absl::Status Submit(std::shared_ptr<GenerateJob> job);

  // Ends a job early: its OnDone gets CANCELLED (DEADLINE_EXCEEDED if its deadline has passed), from this thread or,
  // while images of it are with a worker, from that worker. Does nothing to a job that is over or was never accepted.
  void Cancel(GenerateJob& job);

  // Moves the window of a job on: `images` more may be computed ahead of their reader.
  void Grant(GenerateJob& job, uint64_t images);

  // Runs the generator on every worker, in batches of 1, 2, 4, ... max_batch_images, and waits for it. When it has
  // returned OK, the generator has answered on every worker and its kernels have been prepared. Batches of jobs come in
  // between. The error is the first that the generator gave, or UNAVAILABLE when closed. One call at a time.
  absl::Status WarmUp(Generator& generator);

  // Refuses new jobs, ends the queued ones with UNAVAILABLE, waits for the batches in flight and the threads.
  // Idempotent; not from a job's callback. A server first lets its accepted calls finish, then closes.
  void Close();

  // Images waiting over all jobs.
  size_t queued_images() const;

 private:
  // Jobs to call OnDone for once the mutex is released.
  using Finished = std::vector<std::shared_ptr<GenerateJob>>;

  struct WarmUpState {
    Generator* generator = nullptr;
    uint64_t number = 0;   // of the warm-ups so far
    size_t remaining = 0;  // workers that have not taken part in the last one
    absl::Status status;   // first error of the last one
  };

  Batcher(const Options& options, const ImageEncoder& encoder, ServingMetrics& metrics, const Clock& clock);

  void StartThreads();
  void WorkerLoop();
  // Takes part in the warm-up that waits for this worker, if any; *seen is the number of the last one it took part in.
  void TakePartInWarmUp(uint64_t* seen);
  void EncoderLoop();
  // Waits for work; false when closed and nothing is left. An empty batch: a warm-up newer than `warm_ups_seen` waits.
  bool TakeBatch(uint64_t warm_ups_seen, Batch* batch);
  // Encodes and delivers a computed batch.
  void DeliverAll(const Batch& batch);
  // A worker has spent the time since it took the batch on it.
  void ObserveRate(const Batch& batch);

  Load CurrentLoad() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Ends a job with `status` (unless it is over already) and, if no image of it is in flight, appends it to *finished.
  void End(const std::shared_ptr<GenerateJob>& job, absl::Status status, Finished* finished)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Appends the job to *finished if it is over and nothing of it is in flight.
  void FinishIfIdle(const std::shared_ptr<GenerateJob>& job, Finished* finished) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // A worker begins (or ends) to wait for work.
  void SetIdleWorkers(size_t idle) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WakeWorkers(size_t images) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static void NotifyDone(const Finished& finished);

  const Options options_;
  ServingMetrics& metrics_;
  const Clock& clock_;
  const BatchRunner runner_;

  mutable Mutex mutex_;
  CondVar work_;    // images are queued, a warm-up waits, or closed
  CondVar warmed_;  // all workers have taken part in the warm-up
  FairQueue queue_ ABSL_GUARDED_BY(mutex_);
  ServiceRate rate_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<const GenerateJob*, std::shared_ptr<GenerateJob>> jobs_
      ABSL_GUARDED_BY(mutex_);  // accepted, not done
  WarmUpState warm_up_ ABSL_GUARDED_BY(mutex_);
  size_t in_flight_images_ ABSL_GUARDED_BY(mutex_) = 0;  // taken by workers, not yet delivered
  size_t idle_workers_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;

  BoundedQueue<Batch> computed_;  // from the workers to the encoders
  Mutex close_mutex_;             // serialises Close
  std::vector<std::jthread> workers_ ABSL_GUARDED_BY(close_mutex_);
  std::vector<std::jthread> encoders_ ABSL_GUARDED_BY(close_mutex_);
};

}  // namespace ganserve
