#include "server/eval/alarm_state.h"

#include <cstdio>

#include "absl/strings/str_format.h"

namespace ganserve {

std::string EncodeAlarmState(const CollapseAlarm::State& state) {
  return absl::StrFormat("%d %a %a %d %d %d %d", state.quality_reports, state.best_recall, state.best_divergence,
                         state.low_losses, state.recall_sounds, state.classes_sound, state.loss_sounds);
}

CollapseAlarm::State DecodeAlarmState(const std::string& text) {
  CollapseAlarm::State state;
  int recall = 0;
  int classes = 0;
  int loss = 0;
  const int fields = std::sscanf(text.c_str(), "%d %la %la %d %d %d %d", &state.quality_reports, &state.best_recall,
                                 &state.best_divergence, &state.low_losses, &recall, &classes, &loss);
  if (fields != 7) return {};
  state.recall_sounds = recall != 0;
  state.classes_sound = classes != 0;
  state.loss_sounds = loss != 0;
  return state;
}

}  // namespace ganserve
