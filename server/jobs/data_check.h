// What a new job needs under the data root.
#pragma once

#include <stop_token>
#include <string>

#include "absl/status/status.h"
#include "ganserve/v1/training.pb.h"

namespace ganserve {

// Whether the data set and the extractor of a resolved spec are under `data_root` and suit the rest of it. `trainer`,
// the path of ganserve-trainer, reads and decodes the data set in a process of its own: a file that crashes a decoder,
// or takes all memory, must not take serving down. Waits for it; `stop` kills it. Any thread. Errors:
// FAILED_PRECONDITION for what is not there or, naming file and byte offset, broken; INVALID_ARGUMENT for data that is
// too small for the batch or for evaluation, and for classes that are asked for and not there or too many; UNAVAILABLE
// when stopped; INTERNAL when the process was killed or can't be understood.
absl::Status CheckTrainingData(const std::string& trainer, const std::string& data_root, const v1::TrainSpec& spec,
                               std::stop_token stop);

}  // namespace ganserve
