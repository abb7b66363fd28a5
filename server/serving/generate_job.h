// One accepted request for images, from Batcher::Submit until OnDone.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/base/clock.h"
#include "server/serving/answer_memory.h"
#include "server/serving/generator.h"
#include "server/serving/image_encoder.h"

namespace ganserve {

// What is asked for: images [first_index, first_index + count) of one seed.
struct GenerateSpec {
  uint64_t seed = 0;
  uint64_t first_index = 0;
  uint64_t count = 0;                           // at least 1
  std::optional<int64_t> label = std::nullopt;  // in [0, classes); absent: drawn for each image from (seed, index)
  ImageFormat format = ImageFormat::kPng;
  Clock::TimePoint deadline = Clock::TimePoint::max();
  // Images that may be computed before their caller takes them; see Batcher::Grant. `count` or more: all.
  uint64_t window = UINT64_MAX;
  // Memory that its answer takes at most, from acceptance until the job is destroyed.
  uint64_t answer_bytes = 0;
};

struct EncodedImage {
  std::string data;
  std::optional<int64_t> label;  // absent for a model without classes
};

// Subclasses deliver. The batcher owns a share of the job until OnDone has returned, and the job pins its generator, so
// a model that is replaced meanwhile still answers the requests that it was asked.
class GenerateJob {
 public:
  GenerateJob(std::shared_ptr<Generator> generator, const GenerateSpec& spec);
  virtual ~GenerateJob() = default;
  GenerateJob(const GenerateJob&) = delete;
  GenerateJob& operator=(const GenerateJob&) = delete;

  Generator& generator() const { return *generator_; }
  const GenerateSpec& spec() const { return spec_; }

  // Whether the job ended before its last image, so that work in flight for it is to be dropped. Any thread.
  bool abandoned() const { return abandoned_.load(std::memory_order_acquire); }

  // Takes the images first_index + offset, first_index + offset + 1, ... Called by worker threads, with no lock held,
  // also by several at once and out of order; every image comes once.
  virtual void OnImages(uint64_t offset, std::vector<EncodedImage> images) = 0;

  // The job is over: OK after all images were taken, else why not. Called once, after every OnImages has returned, with
  // no lock held, by a worker or by the thread that cancels.
  virtual void OnDone(absl::Status status) = 0;

 private:
  friend class Batcher;
  friend class FairQueue;

  // Where the job stands in the scheduler. Guarded by the batcher's mutex.
  struct Scheduling {
    uint64_t round = 0;  // of the fair queue
    uint64_t taken_in_round = 0;
    uint64_t sequence = 0;       // order of arrival
    Clock::TimePoint urgency{};  // when its turn within the round comes: deadline, or arrival plus a horizon
    Clock::TimePoint arrival{};
    uint64_t next = 0;       // offset of the first image that no worker has taken
    uint64_t granted = 0;    // images before this offset may be taken
    uint64_t in_flight = 0;  // images that workers have taken and not yet delivered
    bool queued = false;
    bool over = false;  // nothing more will be taken; `status` says why
    bool done = false;  // OnDone has been or is being called
    absl::Status status;
  };

  const std::shared_ptr<Generator> generator_;
  const GenerateSpec spec_;
  std::atomic<bool> abandoned_ = false;
  Scheduling scheduling_;
  AnswerMemory::Hold answer_memory_;  // not over with OnDone: then the answer is still to be sent
};

// Consecutive images of one job that a worker has taken.
struct Slice {
  std::shared_ptr<GenerateJob> job;
  uint64_t offset = 0;
  uint64_t count = 0;
};

}  // namespace ganserve
