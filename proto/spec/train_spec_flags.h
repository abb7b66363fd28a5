// The fields of a TrainSpec as flags of a command line, the same for ganctl and ganserve-trainer.
#pragma once

#include "ganserve/v1/training.pb.h"

namespace CLI {
class App;
}

namespace ganserve {

// A flag for every field but `data`, `threads` and those of promotion. A flag sets its field when the line is parsed,
// and what is not given stays unset; whether a value is in its range is not checked. `spec` must outlive the parsing.
void AddTrainSpecFlags(CLI::App* command, v1::TrainSpec* spec);

// The flag of one field other than `data`, such as "image_size", "threads" or "generator_adam.beta1".
void AddTrainSpecFlag(CLI::App* command, const char* field, v1::TrainSpec* spec);

}  // namespace ganserve
