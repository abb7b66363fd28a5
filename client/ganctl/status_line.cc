#include "client/ganctl/status_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

namespace ganserve::ganctl {
namespace {

constexpr std::chrono::milliseconds kRedrawInterval{100};
// "Return to the left edge and clear the line" of every terminal since the VT100.
constexpr char kClearLine[] = "\r\033[K";
constexpr size_t kUsualColumns = 80;

}  // namespace

StatusLine::StatusLine() : visible_(::isatty(STDERR_FILENO) == 1) {}

size_t StatusLine::Columns() {
  winsize size = {};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 2) return kUsualColumns - 1;
  return size.ws_col - size_t{1};
}

StatusLine::~StatusLine() { Remove(); }

bool StatusLine::Due() const {
  return visible_ && (text_.empty() || std::chrono::steady_clock::now() - drawn_ >= kRedrawInterval);
}

void StatusLine::Draw(const std::string& text) {
  if (!visible_) return;
  text_ = text;
  drawn_ = std::chrono::steady_clock::now();
  std::fprintf(stderr, "%s%s", kClearLine, text.substr(0, Columns()).c_str());
}

void StatusLine::Update(const std::string& text) {
  if (Due()) {
    Draw(text);
  } else {
    text_ = text;
  }
}

void StatusLine::Remove() {
  if (visible_ && !text_.empty()) std::fputs(kClearLine, stderr);
}

void StatusLine::Redraw() {
  if (!text_.empty()) Draw(text_);
}

}  // namespace ganserve::ganctl
