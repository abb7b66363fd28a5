// Latencies in bounded memory: a histogram with logarithmic octaves of equal steps, as HdrHistogram has them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ganserve::bench {

// Not thread-safe. A recorded time is known to within 1/128 of itself, the largest and the mean exactly.
class LatencyHistogram {
 public:
  LatencyHistogram();

  // Negative times count as 0.
  void Record(std::chrono::nanoseconds latency);

  // The smallest recorded time that at least `fraction` (0 to 1) of all do not exceed, rounded up to its step, but
  // never above Max(); 0 if there are none.
  std::chrono::nanoseconds Percentile(double fraction) const;

  std::chrono::nanoseconds Max() const { return std::chrono::nanoseconds(max_ns_); }
  std::chrono::nanoseconds Mean() const;
  uint64_t count() const { return count_; }

 private:
  static size_t BucketOf(uint64_t nanoseconds);
  // The largest time of a bucket.
  static uint64_t UpperEdge(size_t bucket);

  std::vector<uint64_t> buckets_;
  uint64_t count_ = 0;
  uint64_t max_ns_ = 0;
  double sum_ns_ = 0;
};

}  // namespace ganserve::bench
