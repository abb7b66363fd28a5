// What a person at the terminal sees of a training run.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>

#include "server/eval/quality_report.h"
#include "server/train/loss_report.h"

namespace ganserve {

// "[Epoch 3/100] [Batch 200/938] D Loss: 0.6931 G Loss: 1.2040"
std::string FormatLossLine(const LossReport& report);

// "FID 23.41, KID 0.0123, precision 0.71, recall 0.32 of 2000 images, the best so far"
std::string FormatQualityLine(const QualityReport& report, bool best);

// "[=====>    ]  52.3% epoch 2/3, 3.1 steps/s, 4m10s left", of at most 80 characters.
std::string FormatProgress(double fraction, int epoch, int epochs, double steps_per_second, std::chrono::seconds left);

// Lines go to `out`; while it is a terminal, a progress bar stands below them. Used by one thread.
class TrainConsole {
 public:
  // `out` stays the caller's and must outlive this.
  explicit TrainConsole(std::FILE* out);

  void Line(const std::string& text);
  // Redraws the bar, at most ten times a second. Steps are counted over the whole job; the rate from the first call on.
  void Progress(int epoch, int epochs, long steps_done, long steps_total);

 private:
  void ClearBar();

  std::FILE* const out_;
  const bool terminal_;
  bool bar_shown_ = false;
  long first_step_ = -1;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point last_drawn_;
};

}  // namespace ganserve
