// Says when a training run collapses.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/eval/quality_report.h"

namespace ganserve {

// Watches one run, on the thread that trains it: fed with every report of quality and every mean loss of the
// discriminator, in order. Each kind of alarm sounds once when its condition begins, and again only after it has ended.
class CollapseAlarm {
 public:
  struct Limits {
    // Recall below this from the third report on (a run starts from noise), or below half of the best so far.
    double least_recall = 0.05;
    double recall_drop = 0.5;
    // A class of the samples below this times its share of the reference, from the third report on.
    double least_class_ratio = 0.1;
    // The divergence of the class shares above this many times the best so far, and above 0.1 nats.
    double divergence_rise = 4;
    // A discriminator's loss below this in so many reports in a row: it tells all images apart, and gradients vanish.
    // 0 for losses whose good values include 0 and less, as Wasserstein's.
    double least_discriminator_loss = 0.02;
    int loss_reports = 10;
  };

  // What has been seen. Part of a checkpoint where a resumed run shall sound the same alarms.
  struct State {
    int quality_reports = 0;
    double best_recall = 0;
    double best_divergence = -1;  // below 0: none yet
    int low_losses = 0;           // in a row
    bool recall_sounds = false;
    bool classes_sound = false;
    bool loss_sounds = false;
  };

  explicit CollapseAlarm(const Limits& limits) : CollapseAlarm(limits, State()) {}
  CollapseAlarm(const Limits& limits, const State& state) : limits_(limits), state_(state) {}

  const State& state() const { return state_; }

  // What to tell about this report, in one line each: nothing in most cases. `class_names` may be empty.
  std::vector<std::string> OnQuality(const QualityReport& report, const std::vector<std::string>& class_names);
  // The same for the mean of the discriminator's losses over a stretch of steps.
  std::optional<std::string> OnDiscriminatorLoss(double loss);

 private:
  std::optional<std::string> RecallFault(double recall);
  std::optional<std::string> ClassFault(const ClassQuality& classes, const std::vector<std::string>& class_names);

  const Limits limits_;
  State state_;
};

}  // namespace ganserve
