// How far a long stream has come, for a person at a terminal.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "client/ganctl/status_line.h"

namespace ganserve::ganctl {

// "[=====     ]", `width` characters between the brackets; fraction 0 to 1.
std::string Bar(double fraction, size_t width);

// One line: a bar, images done and asked for, images/s, and the time that the rest will take.
std::string ProgressLine(uint64_t done, uint64_t total, std::chrono::duration<double> elapsed);

// Draws the line if there is a terminal for it. Not thread-safe.
class ProgressBar {
 public:
  explicit ProgressBar(uint64_t total) : total_(total), start_(std::chrono::steady_clock::now()) {}

  void Update(uint64_t done);

 private:
  const uint64_t total_;
  const std::chrono::steady_clock::time_point start_;
  StatusLine line_;
};

}  // namespace ganserve::ganctl
