#include "client/ganctl/progress_bar.h"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>

#include "absl/strings/str_format.h"

namespace ganserve::ganctl {
namespace {

constexpr size_t kBarWidth = 30;
constexpr std::chrono::milliseconds kRedrawInterval{100};
// "Return to the left edge and clear the line" of every terminal since the VT100.
constexpr char kClearLine[] = "\r\033[K";

}  // namespace

std::string ProgressLine(uint64_t done, uint64_t total, std::chrono::duration<double> elapsed) {
  const double fraction = total == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(total);
  const size_t filled = std::min(kBarWidth, static_cast<size_t>(fraction * kBarWidth));
  const std::string bar = std::string(filled, '=') + std::string(kBarWidth - filled, ' ');
  const double rate = elapsed.count() > 0 ? static_cast<double>(done) / elapsed.count() : 0;
  std::string line = absl::StrFormat("[%s] %d/%d images, %.0f images/s", bar, done, total, rate);
  if (rate > 0 && done < total) line += absl::StrFormat(", %.0f s to go", static_cast<double>(total - done) / rate);
  return line;
}

ProgressBar::ProgressBar(uint64_t total)
    : total_(total), visible_(::isatty(STDERR_FILENO) == 1), start_(std::chrono::steady_clock::now()), drawn_(start_) {}

ProgressBar::~ProgressBar() {
  if (visible_) std::fputs(kClearLine, stderr);
}

void ProgressBar::Update(uint64_t done) {
  if (!visible_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - drawn_ < kRedrawInterval) return;
  drawn_ = now;
  std::fprintf(stderr, "%s%s", kClearLine, ProgressLine(done, total_, now - start_).c_str());
}

}  // namespace ganserve::ganctl
