#include "server/train/train_console.h"

#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace ganserve {
namespace {

constexpr auto kRedrawInterval = std::chrono::milliseconds(100);
constexpr int kBarCells = 28;

}  // namespace

std::string FormatLossLine(const LossReport& report) {
  return absl::StrFormat("[Epoch %d/%d] [Batch %d/%d] D Loss: %.4f G Loss: %.4f", report.epoch, report.epochs,
                         report.batch, report.batches, report.discriminator_loss, report.generator_loss);
}

std::string FormatQualityLine(const QualityReport& report, bool best) {
  std::string line = absl::StrFormat("Sliced Wasserstein %.4f", report.sliced_wasserstein);
  if (report.features) {
    line = absl::StrFormat("FID %.2f, KID %.4f, precision %.2f, recall %.2f", report.features->fid.distance,
                           report.features->kid.mean, report.features->manifold.precision,
                           report.features->manifold.recall);
  }
  return absl::StrCat(line, " of ", report.samples, " images", best ? ", the best so far" : "");
}

std::string FormatProgress(double fraction, int epoch, int epochs, double steps_per_second, std::chrono::seconds left) {
  const int cells = std::clamp(static_cast<int>(fraction * kBarCells), 0, kBarCells);
  std::string bar(static_cast<size_t>(cells), '=');
  if (cells < kBarCells) bar += '>';
  bar.resize(kBarCells, ' ');
  return absl::StrFormat("[%s] %5.1f%% epoch %d/%d, %.1f steps/s, %dm%02ds left", bar, fraction * 100, epoch, epochs,
                         steps_per_second, left.count() / 60, left.count() % 60);
}

TrainConsole::TrainConsole(std::FILE* out) : out_(out), terminal_(::isatty(::fileno(out)) == 1) {}

void TrainConsole::Line(const std::string& text) {
  ClearBar();
  std::fprintf(out_, "%s\n", text.c_str());
  std::fflush(out_);
}

void TrainConsole::Progress(int epoch, int epochs, long steps_done, long steps_total) {
  if (!terminal_) return;
  const auto now = std::chrono::steady_clock::now();
  if (first_step_ < 0) {
    first_step_ = steps_done;
    start_ = now;
  }
  if (bar_shown_ && now - last_drawn_ < kRedrawInterval) return;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = seconds > 0 ? static_cast<double>(steps_done - first_step_) / seconds : 0;
  const double left = rate > 0 ? static_cast<double>(steps_total - steps_done) / rate : 0;
  const double fraction = static_cast<double>(steps_done) / static_cast<double>(std::max(steps_total, 1L));
  ClearBar();
  std::fputs(FormatProgress(fraction, epoch, epochs, rate, std::chrono::seconds(static_cast<long>(left))).c_str(),
             out_);
  std::fflush(out_);
  bar_shown_ = true;
  last_drawn_ = now;
}

void TrainConsole::ClearBar() {
  if (bar_shown_) std::fputs("\r\033[K", out_);
  bar_shown_ = false;
}

}  // namespace ganserve
