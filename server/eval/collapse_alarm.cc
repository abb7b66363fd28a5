#include "server/eval/collapse_alarm.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace ganserve {
namespace {

// Reports of quality before absolute limits count.
constexpr int kWarmUpReports = 2;
// Divergences up to this many nats are those of small sets of good samples.
constexpr double kHarmlessDivergence = 0.1;

// The fault if it has just begun; `sounds` remembers that it goes on.
std::optional<std::string> AtItsBegin(const std::optional<std::string>& fault, bool* sounds) {
  const bool sounded = std::exchange(*sounds, fault.has_value());
  return sounded ? std::nullopt : fault;
}

std::string ClassName(size_t index, const std::vector<std::string>& names) {
  return index < names.size() ? absl::StrCat("class ", index, " (", names[index], ")") : absl::StrCat("class ", index);
}

// Of the classes that the reference has, the one whose share is smallest beside the reference's.
std::optional<size_t> ScarcestClass(const ClassQuality& classes) {
  std::optional<size_t> scarcest;
  double least_ratio = 0;
  for (size_t k = 0; k < classes.shares.size(); ++k) {
    if (classes.reference_shares[k] <= 0) continue;
    const double ratio = classes.shares[k] / classes.reference_shares[k];
    if (scarcest && ratio >= least_ratio) continue;
    scarcest = k;
    least_ratio = ratio;
  }
  return scarcest;
}

}  // namespace

std::optional<std::string> CollapseAlarm::RecallFault(double recall) {
  const double best = std::exchange(state_.best_recall, std::max(state_.best_recall, recall));
  if (state_.quality_reports > kWarmUpReports && recall < limits_.least_recall) {
    return absl::StrFormat("mode collapse: recall is %.3f, below %.3f", recall, limits_.least_recall);
  }
  // Of a best that is itself below the floor a part says nothing.
  if (best > limits_.least_recall && recall < limits_.recall_drop * best) {
    return absl::StrFormat("mode collapse: recall fell to %.3f, its best was %.3f", recall, best);
  }
  return std::nullopt;
}

std::optional<std::string> CollapseAlarm::ClassFault(const ClassQuality& classes,
                                                     const std::vector<std::string>& class_names) {
  const double best = state_.best_divergence;
  state_.best_divergence = best < 0 ? classes.divergence : std::min(best, classes.divergence);
  const std::optional<size_t> scarcest = ScarcestClass(classes);
  if (scarcest && state_.quality_reports > kWarmUpReports) {
    const double share = classes.shares[*scarcest];
    const double wanted = classes.reference_shares[*scarcest];
    if (share < limits_.least_class_ratio * wanted) {
      return absl::StrFormat("mode collapse: %s is %.2f %% of the samples, %.2f %% of the data",
                             ClassName(*scarcest, class_names), 100 * share, 100 * wanted);
    }
  }
  if (best >= 0 && classes.divergence > std::max(kHarmlessDivergence, limits_.divergence_rise * best)) {
    return absl::StrFormat("mode collapse: the samples' classes differ by %.3f nats from the data's, the best was %.3f",
                           classes.divergence, best);
  }
  return std::nullopt;
}

std::vector<std::string> CollapseAlarm::OnQuality(const QualityReport& report,
                                                  const std::vector<std::string>& class_names) {
  ++state_.quality_reports;
  std::vector<std::string> messages;
  const auto add = [&](std::optional<std::string> message) {
    if (message) messages.push_back(*std::move(message));
  };
  if (report.features) add(AtItsBegin(RecallFault(report.features->manifold.recall), &state_.recall_sounds));
  if (report.classes) add(AtItsBegin(ClassFault(*report.classes, class_names), &state_.classes_sound));
  return messages;
}

std::optional<std::string> CollapseAlarm::OnDiscriminatorLoss(double loss) {
  if (limits_.least_discriminator_loss <= 0) return std::nullopt;
  state_.low_losses = loss < limits_.least_discriminator_loss ? state_.low_losses + 1 : 0;
  std::optional<std::string> fault;
  if (state_.low_losses >= limits_.loss_reports) {
    fault = absl::StrFormat(
        "the discriminator has won: its loss is %.4f, below %.4f in %d reports in a row, so the generator learns "
        "nothing",
        loss, limits_.least_discriminator_loss, state_.low_losses);
  }
  return AtItsBegin(fault, &state_.loss_sounds);
}

}  // namespace ganserve
