#include "server/serving/batcher.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/serving/trial_run.h"

namespace ganserve {
namespace {

constexpr size_t kMaxWorkers = 1024;
constexpr size_t kMaxBatchImages = 4096;
// Computed batches that may wait for each encoder thread: one being encoded and one ready behind it.
constexpr size_t kComputedBatchesPerEncoder = 2;
// A batch is shared by several jobs, and a quarter of it is what one job takes in its turn: fair within a batch, and no
// more than a few jobs' deliveries for each.
constexpr uint64_t kTurnsPerBatch = 4;

absl::Status CheckRange(const char* name, size_t value, size_t low, size_t high) {
  if (value >= low && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(name, " is ", value, "; it must be from ", low, " to ", high));
}

absl::Status Validate(const Batcher::Options& options) {
  GANSERVE_RETURN_IF_ERROR(CheckRange("workers", options.workers, 1, kMaxWorkers));
  GANSERVE_RETURN_IF_ERROR(CheckRange("max_batch_images", options.max_batch_images, 1, kMaxBatchImages));
  GANSERVE_RETURN_IF_ERROR(CheckRange("parts", options.parts, 1, kMaxWorkers * kMaxWorkers));
  GANSERVE_RETURN_IF_ERROR(CheckRange("encoders", options.encoders, 0, kMaxWorkers));
  return CheckRange("max_queue_images", options.max_queue_images, options.max_batch_images, SIZE_MAX);
}

DropReason ReasonOf(const absl::Status& status) {
  if (absl::IsDeadlineExceeded(status)) return DropReason::kExpired;
  return absl::IsCancelled(status) || absl::IsUnavailable(status) ? DropReason::kCancelled : DropReason::kFailed;
}

absl::Status Expired() { return absl::DeadlineExceededError("the deadline passed before all images were made"); }

}  // namespace

absl::StatusOr<std::unique_ptr<Batcher>> Batcher::Create(const Options& options, const ImageEncoder& encoder,
                                                         ServingMetrics& metrics, const Clock& clock) {
  GANSERVE_RETURN_IF_ERROR(Validate(options));
  auto batcher = std::unique_ptr<Batcher>(new Batcher(options, encoder, metrics, clock));
  batcher->StartThreads();
  return batcher;
}

Batcher::Batcher(const Options& options, const ImageEncoder& encoder, ServingMetrics& metrics, const Clock& clock)
    : options_(options),
      metrics_(metrics),
      clock_(clock),
      runner_(encoder, metrics, clock),
      queue_(std::max<uint64_t>(1, options.max_batch_images / kTurnsPerBatch)),
      computed_(std::max<size_t>(1, options.encoders * kComputedBatchesPerEncoder)) {}

Batcher::~Batcher() { Close(); }

void Batcher::StartThreads() {
  {
    MutexLock lock(mutex_);
    SetIdleWorkers(0);
  }
  MutexLock lock(close_mutex_);
  for (size_t i = 0; i < options_.workers; ++i) workers_.emplace_back([this] { WorkerLoop(); });
  for (size_t i = 0; i < options_.encoders; ++i) encoders_.emplace_back([this] { EncoderLoop(); });
}

absl::Status Batcher::Submit(std::shared_ptr<GenerateJob> job) {
  const auto now = clock_.Now();
  absl::Status status;
  {
    MutexLock lock(mutex_);
    status = closed_ ? absl::UnavailableError("the server is stopping") : Admit(CurrentLoad(), job->spec(), now);
    if (status.ok()) {
      if (options_.answers != nullptr) job->answer_memory_ = {options_.answers, job->spec().answer_bytes};
      job->scheduling_.arrival = now;
      jobs_.emplace(job.get(), job);
      const size_t images = FairQueue::Available(*job);
      queue_.Add(std::move(job), now);
      metrics_.SetQueueDepth(queue_.images());
      WakeWorkers(images);
      return status;
    }
  }
  metrics_.CountDropped(absl::IsDeadlineExceeded(status) ? DropReason::kExpired : DropReason::kRejected,
                        FairQueue::Available(*job));
  return status;
}

Load Batcher::CurrentLoad() const {
  return {.queue = queue_,
          .rate = rate_,
          .in_flight_images = in_flight_images_,
          .workers = options_.workers,
          .max_batch_images = options_.max_batch_images,
          .max_queue_images = options_.max_queue_images,
          .answers = options_.answers.get()};
}

void Batcher::SetIdleWorkers(size_t idle) {
  idle_workers_ = idle;
  metrics_.SetBusyWorkers(options_.workers - idle);
}

void Batcher::WakeWorkers(size_t images) {
  if (images >= idle_workers_ && idle_workers_ > 1) {
    work_.NotifyAll();
  } else {
    for (size_t i = 0; i < std::min(images, idle_workers_); ++i) work_.NotifyOne();
  }
}

void Batcher::Cancel(GenerateJob& job) {
  Finished finished;
  {
    MutexLock lock(mutex_);
    const auto entry = jobs_.find(&job);
    if (entry == jobs_.end()) return;
    const bool expired = job.spec().deadline <= clock_.Now();
    End(std::shared_ptr(entry->second), expired ? Expired() : absl::CancelledError("the caller cancelled"), &finished);
  }
  NotifyDone(finished);
}

void Batcher::Grant(GenerateJob& job, uint64_t images) {
  MutexLock lock(mutex_);
  auto& state = job.scheduling_;
  const auto entry = jobs_.find(&job);
  if (entry == jobs_.end() || state.over) return;
  const uint64_t granted = std::min(images, job.spec().count - state.granted);
  if (granted == 0) return;
  state.granted += granted;
  if (state.queued) {
    queue_.Extend(job, granted);
  } else {
    queue_.Add(entry->second, clock_.Now());
  }
  metrics_.SetQueueDepth(queue_.images());
  WakeWorkers(granted);
}

void Batcher::End(const std::shared_ptr<GenerateJob>& job, absl::Status status, Finished* finished) {
  auto& state = job->scheduling_;
  if (!state.over) {
    state.over = true;
    if (!status.ok()) {
      job->abandoned_.store(true, std::memory_order_release);
      queue_.Remove(*job);
      metrics_.SetQueueDepth(queue_.images());
      metrics_.CountDropped(ReasonOf(status), FairQueue::Available(*job));
    }
    state.status = std::move(status);
  }
  FinishIfIdle(job, finished);
}

void Batcher::FinishIfIdle(const std::shared_ptr<GenerateJob>& job, Finished* finished) {
  auto& state = job->scheduling_;
  if (!state.over || state.in_flight > 0 || state.done) return;
  state.done = true;
  finished->push_back(job);
  jobs_.erase(job.get());
}

void Batcher::NotifyDone(const Finished& finished) {
  for (const auto& job : finished) job->OnDone(job->scheduling_.status);
}

bool Batcher::TakeBatch(uint64_t warm_ups_seen, Batch* batch) {
  while (true) {
    Finished finished;
    {
      MutexLock lock(mutex_);
      while (queue_.images() == 0 && warm_up_.number == warm_ups_seen && !closed_) {
        SetIdleWorkers(idle_workers_ + 1);
        work_.Wait(mutex_);
        SetIdleWorkers(idle_workers_ - 1);
      }
      if (warm_up_.number != warm_ups_seen) return true;
      if (queue_.images() == 0) {
        SetIdleWorkers(idle_workers_ + 1);  // for ever
        return false;
      }
      batch->taken = clock_.Now();
      std::vector<std::shared_ptr<GenerateJob>> expired;
      batch->slices =
          queue_.Take(options_.max_batch_images, std::max(options_.parts, idle_workers_ + 1), batch->taken, &expired);
      in_flight_images_ += batch->images();
      metrics_.SetQueueDepth(queue_.images());
      for (const auto& job : expired) End(job, Expired(), &finished);
    }
    NotifyDone(finished);
    if (!batch->slices.empty()) return true;
  }
}

void Batcher::WorkerLoop() {
  Batch batch;
  uint64_t warm_ups_seen = 0;
  while (TakeBatch(warm_ups_seen, &batch)) {
    if (batch.slices.empty()) {
      TakePartInWarmUp(&warm_ups_seen);
      continue;
    }
    for (const Slice& slice : batch.slices) {
      if (slice.offset == 0) metrics_.ObserveQueueTime(batch.taken - slice.job->scheduling_.arrival);
    }
    runner_.Compute(batch);
    if (options_.encoders == 0) DeliverAll(batch);
    ObserveRate(batch);
    if (options_.encoders > 0) computed_.Push(std::move(batch));
    batch = {};
  }
}

absl::Status Batcher::WarmUp(Generator& generator) {
  MutexLock lock(mutex_);
  if (closed_) return absl::UnavailableError("the server is stopping");
  warm_up_ = {.generator = &generator, .number = warm_up_.number + 1, .remaining = options_.workers, .status = {}};
  work_.NotifyAll();
  while (warm_up_.remaining > 0) warmed_.Wait(mutex_);
  return warm_up_.status;
}

void Batcher::TakePartInWarmUp(uint64_t* seen) {
  Generator* generator = nullptr;
  {
    MutexLock lock(mutex_);
    *seen = warm_up_.number;
    generator = warm_up_.generator;
  }
  absl::Status status;
  for (size_t images = 1; status.ok() && images < 2 * options_.max_batch_images; images *= 2) {
    status = RunOnce(*generator, std::min(images, options_.max_batch_images));
  }
  MutexLock lock(mutex_);
  warm_up_.status.Update(status);
  if (--warm_up_.remaining == 0) warmed_.NotifyAll();
}

void Batcher::EncoderLoop() {
  Batch batch;
  while (computed_.Pop(&batch)) {
    DeliverAll(batch);
    batch = {};
  }
}

void Batcher::ObserveRate(const Batch& batch) {
  const auto elapsed = clock_.Now() - batch.taken;
  MutexLock lock(mutex_);
  rate_.Observe(batch.results.size(), elapsed);
}

void Batcher::DeliverAll(const Batch& batch) {
  size_t row = 0;
  for (const Slice& slice : batch.slices) {
    absl::Status status = runner_.Deliver(batch, slice, row);
    row += slice.count;
    Finished finished;
    {
      MutexLock lock(mutex_);
      auto& state = slice.job->scheduling_;
      state.in_flight -= slice.count;
      in_flight_images_ -= slice.count;
      const bool delivered = status.ok();
      if (!delivered || (state.next == slice.job->spec().count && state.in_flight == 0)) {
        End(slice.job, std::move(status), &finished);
      } else {
        FinishIfIdle(slice.job, &finished);
      }
      // End has counted the images that no worker had taken.
      if (!delivered) metrics_.CountDropped(ReasonOf(state.status), slice.count);
    }
    NotifyDone(finished);
  }
}

void Batcher::Close() {
  Finished finished;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    const auto jobs = jobs_;
    for (const auto& [key, job] : jobs) End(job, absl::UnavailableError("the server is stopping"), &finished);
    work_.NotifyAll();
  }
  NotifyDone(finished);
  MutexLock close_lock(close_mutex_);
  workers_.clear();
  computed_.Close();
  encoders_.clear();
}

size_t Batcher::queued_images() const {
  MutexLock lock(mutex_);
  return queue_.images();
}

}  // namespace ganserve
