// How far a long stream has come, for a person at a terminal.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "client/ganctl/status_line.h"

namespace ganserve::ganctl {

// "[=====     ] text", `width` characters between the brackets or as many as `columns` leave, and no bar where that is
// next to none: the text tells more. fraction 0 to 1.
std::string WithBar(double fraction, size_t width, const std::string& text, size_t columns);

// One line: a bar, images done and asked for, the time that the rest will take, and images/s.
std::string ProgressLine(uint64_t done, uint64_t total, std::chrono::duration<double> elapsed, size_t columns);

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
