// What people read about a training job.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ganserve/v1/training.pb.h"

namespace ganserve::ganctl {

// "RUNNING"; a state that is newer than this program has its number.
std::string StateName(v1::TrainJobState state);
// The names of all states, and the state of a name.
std::vector<std::string> StateNames();
v1::TrainJobState StateOf(const std::string& name);

// "[Epoch 3/100] [Batch 200/938] D Loss: 0.6931 G Loss: 1.2040"; without the totals where they are not known.
std::string LossLine(const v1::TrainEvent& event);

// Of an event with losses: step, time to go, epoch, images/s and losses, so that what is cut off at `columns` matters
// least, after a bar if there is room for one.
std::string TrainProgressLine(const v1::TrainEvent& event, size_t columns);

// What an event tells, in one line or, of a failure, with the trainer's last lines below it, indented; empty for
// losses, for sample grids, which are files, and for events that are newer than this program.
std::string EventLine(const v1::TrainEvent& event);

// "0:05", "3:20" or "1:03:20"; "?" for what is no time.
std::string DurationText(double seconds);

// "2026-11-25 10:39:48", UTC.
std::string TimeText(int64_t unix_time_ms);

// A text of a server or trainer without what would steer a terminal; line breaks become blanks.
std::string PlainText(const std::string& text);

}  // namespace ganserve::ganctl
