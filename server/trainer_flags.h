// The flags of `ganserve-trainer train` and `init`: the fields of a TrainSpec and where things lie.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "ganserve/v1/training.pb.h"

namespace ganserve {

struct TrainFlags {
  v1::TrainSpec spec;  // its `data` comes from the path below
  std::string data;    // file or folder; its last component is the name of the data set
  std::string out;     // job directory
  bool resume = false;
  bool check = false;
};

// `flags` must outlive the parsing.
void AddTrainFlags(CLI::App* command, TrainFlags* flags);
void AddInitFlags(CLI::App* command, TrainFlags* flags);

}  // namespace ganserve
