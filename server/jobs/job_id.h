// The names of training jobs.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace ganserve {

// "20261125-104512-3f9a2c": UTC of a time in milliseconds since 1970, and random digits for the jobs of one second.
// Sorts by that time.
std::string NewJobId(int64_t unix_time_ms);

// Whether a text could be a job's id. So it is never a path: 1 to 64 letters, digits and '-'.
bool IsJobId(const std::string& text);

// NOT_FOUND. An id from a client can be of any length; the message is not.
absl::Status UnknownJob(const std::string& id);

}  // namespace ganserve
