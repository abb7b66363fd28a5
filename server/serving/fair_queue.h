// The order in which queued images are computed. Not thread-safe: the batcher's mutex guards it.
//
// Jobs take turns in rounds, as in deficit round robin (Shreedhar and Varghese, SIGCOMM 1995) with the image as the
// unit: in each round a job may take `quantum` images. Within a round the most urgent job goes first: its deadline, or
// its arrival plus kUrgencyHorizon if that is earlier, so that a job without a deadline waits a bounded time behind
// those that have one. A job that arrives, or comes back after waiting for its reader, starts in the current round:
// waiting earns no credit. Once a round has lasted for a quantum of every job that was queued when it began, and one
// more, who comes starts in the next: so however fast small jobs arrive, a job that has had its turn gets another. A
// job of count 1 waits for at most two quanta of each other job of its generator, whatever their counts, and for a
// batch of each other generator: a batch has one generator, and takes what it can for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "server/base/clock.h"
#include "server/serving/generate_job.h"

namespace ganserve {

class FairQueue {
 public:
  static constexpr Clock::Duration kUrgencyHorizon = std::chrono::seconds(1);

  // `quantum`, at least 1: smaller is fairer, larger spreads a batch over fewer jobs.
  explicit FairQueue(uint64_t quantum) : quantum_(quantum) {}

  // Queues a job that has granted images left and is not queued.
  void Add(std::shared_ptr<GenerateJob> job, Clock::TimePoint now);

  // Takes a job out of the queue, if it is in.
  void Remove(GenerateJob& job);

  // More images of a queued job may be taken.
  void Extend(const GenerateJob&, uint64_t images) { images_ += images; }

  // The next batch: images for one generator, as slices ordered by job. It holds at most `max_images`, and no more than
  // an equal share of what is queued for that generator if it is taken in `takers` parts. Jobs whose deadline has
  // passed are removed and appended to *expired instead. Empty only if the queue is, or if jobs have expired.
  std::vector<Slice> Take(size_t max_images, size_t takers, Clock::TimePoint now,
                          std::vector<std::shared_ptr<GenerateJob>>* expired);

  // Images that may be taken.
  size_t images() const { return images_; }

  // How many queued images come before the last of a job of `count` images that would arrive now, at most.
  size_t ImagesBefore(uint64_t count) const;

  static uint64_t Available(const GenerateJob& job) { return job.scheduling_.granted - job.scheduling_.next; }

 private:
  struct Before {
    bool operator()(const std::shared_ptr<GenerateJob>& a, const std::shared_ptr<GenerateJob>& b) const;
  };
  using Turns = std::set<std::shared_ptr<GenerateJob>, Before>;

  // The generator whose first job comes first of all; end() if the queue is empty.
  std::map<Generator*, Turns>::iterator NextGenerator();

  // Where a job that comes now starts.
  uint64_t RoundToJoin() const { return room_in_round_ > 0 ? round_ : round_ + 1; }
  // The next image to be taken is of `round`.
  void EnterRound(uint64_t round);

  const uint64_t quantum_;
  std::map<Generator*, Turns> turns_;  // no entry is empty
  size_t images_ = 0;
  uint64_t round_ = 0;          // of the image taken last
  uint64_t room_in_round_ = 0;  // images to be taken until no more jobs may join the round
  uint64_t arrivals_ = 0;
};

}  // namespace ganserve
