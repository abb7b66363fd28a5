#include "server/serving/fair_queue.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace ganserve {
namespace {

// Joins the slices of each job, which its turns in several rounds have scattered.
std::vector<Slice> Joined(std::vector<Slice> slices) {
  std::stable_sort(slices.begin(), slices.end(), [](const Slice& a, const Slice& b) { return a.job < b.job; });
  std::vector<Slice> joined;
  for (Slice& slice : slices) {
    if (!joined.empty() && joined.back().job == slice.job) {
      joined.back().count += slice.count;
    } else {
      joined.push_back(std::move(slice));
    }
  }
  return joined;
}

}  // namespace

bool FairQueue::Before::operator()(const std::shared_ptr<GenerateJob>& a, const std::shared_ptr<GenerateJob>& b) const {
  const auto& x = a->scheduling_;
  const auto& y = b->scheduling_;
  return std::tie(x.round, x.urgency, x.sequence) < std::tie(y.round, y.urgency, y.sequence);
}

void FairQueue::Add(std::shared_ptr<GenerateJob> job, Clock::TimePoint now) {
  auto& state = job->scheduling_;
  if (state.round < RoundToJoin()) {
    state.round = RoundToJoin();
    state.taken_in_round = 0;
  }
  state.sequence = ++arrivals_;
  state.urgency = std::min(job->spec().deadline, now + kUrgencyHorizon);
  state.queued = true;
  images_ += Available(*job);
  turns_[&job->generator()].insert(std::move(job));
}

void FairQueue::Remove(GenerateJob& job) {
  if (!job.scheduling_.queued) return;
  const auto entry = turns_.find(&job.generator());
  // A key that shares no ownership: the set compares the jobs it points to.
  const std::shared_ptr<GenerateJob> key(std::shared_ptr<GenerateJob>(), &job);
  entry->second.erase(key);
  if (entry->second.empty()) turns_.erase(entry);
  job.scheduling_.queued = false;
  images_ -= Available(job);
}

std::map<Generator*, FairQueue::Turns>::iterator FairQueue::NextGenerator() {
  return std::min_element(turns_.begin(), turns_.end(),
                          [](const auto& a, const auto& b) { return Before()(*a.second.begin(), *b.second.begin()); });
}

void FairQueue::EnterRound(uint64_t round) {
  if (round == round_) return;
  round_ = round;
  size_t turns = 2;  // of the job whose turn it is, and of one that has yet to come
  for (const auto& [generator, jobs] : turns_) turns += jobs.size();
  room_in_round_ = turns * quantum_;
}

std::vector<Slice> FairQueue::Take(size_t max_images, size_t takers, Clock::TimePoint now,
                                   std::vector<std::shared_ptr<GenerateJob>>* expired) {
  std::vector<Slice> slices;
  const auto entry = NextGenerator();
  if (entry == turns_.end()) return slices;
  Turns& turns = entry->second;
  // With one generator, which is the rule, what it has queued is the whole queue.
  size_t queued = images_;
  if (turns_.size() > 1) {
    queued = 0;
    for (const auto& job : turns) queued += Available(*job);
  }
  uint64_t room = std::min(max_images, (queued + takers - 1) / takers);
  while (room > 0 && !turns.empty()) {
    auto node = turns.extract(turns.begin());
    const std::shared_ptr<GenerateJob>& job = node.value();
    auto& state = job->scheduling_;
    if (job->spec().deadline <= now) {
      state.queued = false;
      images_ -= Available(*job);
      expired->push_back(job);
      continue;
    }
    EnterRound(state.round);
    const uint64_t count = std::min({quantum_ - state.taken_in_round, Available(*job), room});
    slices.push_back({job, state.next, count});
    room -= count;
    room_in_round_ -= std::min(count, room_in_round_);
    images_ -= count;
    state.next += count;
    state.in_flight += count;
    state.taken_in_round += count;
    if (state.taken_in_round == quantum_) {
      ++state.round;
      state.taken_in_round = 0;
    }
    state.queued = Available(*job) > 0;
    if (state.queued) turns.insert(std::move(node));
  }
  if (turns.empty()) turns_.erase(entry);
  return Joined(std::move(slices));
}

size_t FairQueue::ImagesBefore(uint64_t count) const {
  const uint64_t end = RoundToJoin() + (count + quantum_ - 1) / quantum_;  // the round after the job's last
  size_t before = 0;
  for (const auto& [generator, turns] : turns_) {
    for (const auto& job : turns) {
      const auto& state = job->scheduling_;
      if (state.round < end) before += std::min(Available(*job), (end - state.round) * quantum_ - state.taken_in_round);
    }
  }
  return before;
}

}  // namespace ganserve
