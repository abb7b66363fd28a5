#include "client/bench/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace ganserve::bench {
namespace {

// Steps of an octave, so that a step is at most 1/128 of the time it stands for.
constexpr int kStepBits = 7;
constexpr uint64_t kSteps = uint64_t{1} << kStepBits;
// Times below kSteps have a bucket each; each of the 64 - kStepBits octaves above has kSteps.
constexpr size_t kBuckets = static_cast<size_t>(kSteps) * (64 - kStepBits + 1);

}  // namespace

LatencyHistogram::LatencyHistogram() : buckets_(kBuckets, 0) {}

void LatencyHistogram::Record(std::chrono::nanoseconds latency) {
  const uint64_t nanoseconds = latency.count() < 0 ? 0 : static_cast<uint64_t>(latency.count());
  ++buckets_[BucketOf(nanoseconds)];
  ++count_;
  max_ns_ = std::max(max_ns_, nanoseconds);
  sum_ns_ += static_cast<double>(nanoseconds);
}

std::chrono::nanoseconds LatencyHistogram::Percentile(double fraction) const {
  if (count_ == 0) return std::chrono::nanoseconds(0);
  const double exact_rank = std::ceil(std::clamp(fraction, 0.0, 1.0) * static_cast<double>(count_));
  const uint64_t rank = std::max<uint64_t>(1, static_cast<uint64_t>(exact_rank));
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen >= rank) return std::chrono::nanoseconds(std::min(UpperEdge(bucket), max_ns_));
  }
  return Max();
}

std::chrono::nanoseconds LatencyHistogram::Mean() const {
  if (count_ == 0) return std::chrono::nanoseconds(0);
  return std::chrono::nanoseconds(std::llround(sum_ns_ / static_cast<double>(count_)));
}

size_t LatencyHistogram::BucketOf(uint64_t nanoseconds) {
  if (nanoseconds < kSteps) return static_cast<size_t>(nanoseconds);
  const int shift = 63 - std::countl_zero(nanoseconds) - kStepBits;
  // The leading bit is implied by the octave; the kStepBits bits after it count the step.
  const uint64_t step = (nanoseconds >> shift) - kSteps;
  return static_cast<size_t>((static_cast<uint64_t>(shift) + 1) * kSteps + step);
}

uint64_t LatencyHistogram::UpperEdge(size_t bucket) {
  if (bucket < kSteps) return bucket;
  const uint64_t shift = bucket / kSteps - 1;
  const uint64_t step = bucket % kSteps;
  return ((kSteps + step + 1) << shift) - 1;
}

}  // namespace ganserve::bench
