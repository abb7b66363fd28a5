// Times of something that a benchmark does repeatedly, and how they are printed: median, least, processor time.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <functional>
#include <vector>

namespace ganserve {

using Milliseconds = double;

// Wall times of one thing that was done repeatedly, and the processor time of all threads.
class Times {
 public:
  void Add(const std::function<void()>& run) {
    const auto start = std::chrono::steady_clock::now();
    const std::clock_t processor_start = std::clock();
    run();
    const std::clock_t processor = std::clock() - processor_start;
    const std::chrono::duration<Milliseconds, std::milli> wall = std::chrono::steady_clock::now() - start;
    wall_.push_back(wall.count());
    processor_.push_back(1000 * static_cast<Milliseconds>(processor) / CLOCKS_PER_SEC);
  }

  Milliseconds Median() const { return MedianOf(wall_); }
  Milliseconds Least() const { return *std::min_element(wall_.begin(), wall_.end()); }
  Milliseconds Processor() const { return MedianOf(processor_); }

 private:
  static Milliseconds MedianOf(std::vector<Milliseconds> times) {
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
  }

  std::vector<Milliseconds> wall_;
  std::vector<Milliseconds> processor_;
};

inline void Print(const char* name, const Times& times) {
  std::printf("  %-34s%9.2f%9.2f%9.2f\n", name, times.Median(), times.Least(), times.Processor());
}

inline void PrintRatio(const char* name, const Times& times, const Times& to, const char* target = "") {
  std::printf("  %-34s%9.3f%9.3f%9.3f%s\n", name, times.Median() / to.Median(), times.Least() / to.Least(),
              times.Processor() / to.Processor(), target);
}

}  // namespace ganserve
