// How far a long stream has come, for a person at a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace ganserve::ganctl {

// One line: a bar, images done and asked for, images/s, and the time that the rest will take.
std::string ProgressLine(uint64_t done, uint64_t total, std::chrono::duration<double> elapsed);

// Draws the line on standard error if that is a terminal, else nothing; at most 10 times a second. Not thread-safe.
class ProgressBar {
 public:
  explicit ProgressBar(uint64_t total);
  // Removes the line.
  ~ProgressBar();

  void Update(uint64_t done);

 private:
  const uint64_t total_;
  const bool visible_;
  const std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point drawn_;
};

}  // namespace ganserve::ganctl
