#include "client/ganctl/train_text.h"

#include <algorithm>
#include <cmath>
#include <ctime>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/ganctl/progress_bar.h"

namespace ganserve::ganctl {
namespace {

constexpr char kStatePrefix[] = "TRAIN_JOB_STATE_";
// With it the whole line fits into 80 columns for short jobs.
constexpr size_t kBarWidth = 12;
// Beyond it nobody cares, and the number fits.
constexpr double kMaxSeconds = 1e9;

template <typename Number>
std::string OutOf(Number part, Number whole) {
  return whole == 0 ? absl::StrCat(part) : absl::StrCat(part, "/", whole);
}

// The message of a failure has lines of the trainer's standard error: they stay lines, indented.
std::string WithReason(const std::string& what, const std::string& message) {
  if (message.empty()) return what;
  std::vector<std::string> lines = absl::StrSplit(message, '\n', absl::SkipWhitespace());
  for (std::string& line : lines) line = PlainText(line);
  return absl::StrCat(what, ": ", absl::StrJoin(lines, "\n  "));
}

std::string CheckpointLine(const v1::TrainCheckpoint& checkpoint) {
  return absl::StrFormat("checkpoint at step %d, written in %.1f s", checkpoint.step(), checkpoint.seconds());
}

std::string RollbackLine(const v1::TrainEvent& event) {
  return absl::StrFormat("training diverged; rollback %d to step %d, learning rates x %g", event.rollback().count(),
                         event.step(), event.rollback().learning_rate_factor());
}

std::string EvaluationLine(const v1::TrainEvaluation& evaluation) {
  std::string line = absl::StrFormat("FID %.2f, KID %.4f, precision %.2f, recall %.2f", evaluation.fid(),
                                     evaluation.kid(), evaluation.precision(), evaluation.recall());
  if (!evaluation.class_shares().empty()) {
    const double least = *std::min_element(evaluation.class_shares().begin(), evaluation.class_shares().end());
    absl::StrAppendFormat(&line, ", rarest class %.1f %%", 100 * least);
  }
  return absl::StrCat(line, " of ", evaluation.samples(), " images", evaluation.best() ? ", the best so far" : "");
}

}  // namespace

std::string StateName(v1::TrainJobState state) {
  const std::string& name = v1::TrainJobState_Name(state);
  if (name.empty()) return absl::StrCat("state ", static_cast<int>(state));
  return std::string(absl::StripPrefix(name, kStatePrefix));
}

std::vector<std::string> StateNames() {
  std::vector<std::string> names;
  for (int state = v1::TRAIN_JOB_STATE_QUEUED; state <= v1::TrainJobState_MAX; ++state) {
    names.push_back(StateName(static_cast<v1::TrainJobState>(state)));
  }
  return names;
}

v1::TrainJobState StateOf(const std::string& name) {
  v1::TrainJobState state = v1::TRAIN_JOB_STATE_UNSPECIFIED;
  v1::TrainJobState_Parse(kStatePrefix + name, &state);
  return state;
}

std::string LossLine(const v1::TrainEvent& event) {
  const v1::TrainLosses& losses = event.losses();
  return absl::StrFormat("[Epoch %s] [Batch %s] D Loss: %.4f G Loss: %.4f", OutOf(event.epoch(), losses.epochs()),
                         OutOf(losses.batch(), losses.batches()), losses.discriminator_loss(), losses.generator_loss());
}

std::string TrainProgressLine(const v1::TrainEvent& event, size_t columns) {
  const v1::TrainLosses& losses = event.losses();
  const uint64_t total = event.step() + losses.steps_left();
  const double fraction = total == 0 ? 0 : static_cast<double>(event.step()) / static_cast<double>(total);
  const std::string text =
      absl::StrFormat("step %d/%d %s to go epoch %s %.0f images/s D %.4f G %.4f", event.step(), total,
                      DurationText(losses.eta_seconds()), OutOf(event.epoch(), losses.epochs()),
                      losses.images_per_second(), losses.discriminator_loss(), losses.generator_loss());
  return WithBar(fraction, kBarWidth, text, columns);
}

std::string EventLine(const v1::TrainEvent& event) {
  switch (event.event_case()) {
    case v1::TrainEvent::kStateChange:
      return WithReason(StateName(event.state_change().state()), event.state_change().message());
    case v1::TrainEvent::kCheckpoint:
      return CheckpointLine(event.checkpoint());
    case v1::TrainEvent::kExport:
      return absl::StrCat("exported ", PlainText(event.export_().path()));
    case v1::TrainEvent::kRollback:
      return RollbackLine(event);
    case v1::TrainEvent::kLogLine:
      return PlainText(event.log_line().text());
    case v1::TrainEvent::kGap:
      return absl::StrCat("too slow for the losses ", event.gap().first_sequence(), " to ",
                          event.gap().last_sequence());
    case v1::TrainEvent::kTerminal:
      return WithReason(StateName(event.terminal().state()), event.terminal().message());
    case v1::TrainEvent::kEvaluation:
      return EvaluationLine(event.evaluation());
    case v1::TrainEvent::kAlarm:
      return absl::StrCat("warning: ", PlainText(event.alarm().text()));
    case v1::TrainEvent::kTrainerEnd:
      return WithReason(absl::StrCat("trainer ended with exit code ", event.trainer_end().exit_code()),
                        event.trainer_end().message());
    case v1::TrainEvent::kLosses:
    case v1::TrainEvent::kSample:
    case v1::TrainEvent::EVENT_NOT_SET:
      break;
  }
  return "";
}

std::string DurationText(double seconds) {
  if (!(seconds >= 0 && seconds <= kMaxSeconds)) return "?";
  const int64_t whole = std::llround(seconds);
  if (whole < 3600) return absl::StrFormat("%d:%02d", whole / 60, whole % 60);
  return absl::StrFormat("%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string TimeText(int64_t unix_time_ms) {
  const std::time_t seconds = unix_time_ms / 1000;
  std::tm utc = {};
  char text[sizeof("2026-11-25 10:39:48") + 16] = "";
  if (::gmtime_r(&seconds, &utc) == nullptr) return "?";
  std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &utc);
  return text;
}

std::string PlainText(const std::string& text) {
  std::string plain = text;
  for (char& c : plain) {
    if ((c >= 0 && c < ' ') || c == '\x7f') c = ' ';
  }
  return plain;
}

}  // namespace ganserve::ganctl
