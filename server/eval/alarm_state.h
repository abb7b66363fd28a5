// The state of a CollapseAlarm as text, for the checkpoint of the run that it watches.
#pragma once

#include <string>

#include "server/eval/collapse_alarm.h"

namespace ganserve {

// Exact: equal states, and only those, have equal texts.
std::string EncodeAlarmState(const CollapseAlarm::State& state);

// The state of nothing seen for a text that is no state.
CollapseAlarm::State DecodeAlarmState(const std::string& text);

}  // namespace ganserve
