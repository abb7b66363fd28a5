// The fields of TrainSpec as flags: what is not given is not set, so that the server's default goes for it.
#pragma once

#include <string>

#include "ganserve/v1/training.pb.h"

namespace CLI {
class App;
}

namespace ganserve::ganctl {

class TrainSpecFlags {
 public:
  // This outlives the parsing.
  void AddTo(CLI::App& command);

  // What the parser found.
  const v1::TrainSpec& spec() const { return spec_; }

 private:
  void AddNetworkFlags(CLI::App& command);
  void AddTrainingFlags(CLI::App& command);
  void AddRecordFlags(CLI::App& command);
  void AddAdamFlags(CLI::App& command, const std::string& network, v1::AdamOptions* (v1::TrainSpec::*adam)());

  v1::TrainSpec spec_;
};

}  // namespace ganserve::ganctl
