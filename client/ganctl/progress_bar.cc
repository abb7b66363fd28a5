#include "client/ganctl/progress_bar.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace ganserve::ganctl {
namespace {

constexpr size_t kBarWidth = 30;
// A shorter bar shows nothing.
constexpr size_t kMinBarWidth = 4;
// The brackets and the blank after them.
constexpr size_t kBarFrame = 3;

}  // namespace

std::string WithBar(double fraction, size_t width, const std::string& text, size_t columns) {
  const size_t others = text.size() + kBarFrame;
  if (columns < others + kMinBarWidth) return text;
  const size_t shown = std::min(width, columns - others);
  const size_t filled = std::min(shown, static_cast<size_t>(fraction * static_cast<double>(shown)));
  return absl::StrCat("[", std::string(filled, '='), std::string(shown - filled, ' '), "] ", text);
}

std::string ProgressLine(uint64_t done, uint64_t total, std::chrono::duration<double> elapsed, size_t columns) {
  const double fraction = total == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(total);
  const double rate = elapsed.count() > 0 ? static_cast<double>(done) / elapsed.count() : 0;
  std::string text = absl::StrFormat("%d/%d images, ", done, total);
  if (rate > 0 && done < total) {
    absl::StrAppendFormat(&text, "%.0f s to go, ", static_cast<double>(total - done) / rate);
  }
  absl::StrAppendFormat(&text, "%.0f images/s", rate);
  return WithBar(fraction, kBarWidth, text, columns);
}

void ProgressBar::Update(uint64_t done) {
  if (!line_.Due()) return;
  line_.Draw(ProgressLine(done, total_, std::chrono::steady_clock::now() - start_, StatusLine::Columns()));
}

}  // namespace ganserve::ganctl
