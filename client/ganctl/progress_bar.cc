#include "client/ganctl/progress_bar.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_format.h"

namespace ganserve::ganctl {
namespace {

constexpr size_t kBarWidth = 30;

}  // namespace

std::string Bar(double fraction, size_t width) {
  const size_t filled = std::min(width, static_cast<size_t>(fraction * static_cast<double>(width)));
  return "[" + std::string(filled, '=') + std::string(width - filled, ' ') + "]";
}

std::string ProgressLine(uint64_t done, uint64_t total, std::chrono::duration<double> elapsed) {
  const double fraction = total == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(total);
  const double rate = elapsed.count() > 0 ? static_cast<double>(done) / elapsed.count() : 0;
  std::string line = absl::StrFormat("%s %d/%d images, %.0f images/s", Bar(fraction, kBarWidth), done, total, rate);
  if (rate > 0 && done < total) line += absl::StrFormat(", %.0f s to go", static_cast<double>(total - done) / rate);
  return line;
}

void ProgressBar::Update(uint64_t done) {
  if (line_.Due()) line_.Draw(ProgressLine(done, total_, std::chrono::steady_clock::now() - start_));
}

}  // namespace ganserve::ganctl
