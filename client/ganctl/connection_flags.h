// The flags and environment variables that say how to reach the server; they are the same for all subcommands.
#pragma once

#include <string>

#include "client/client_options.h"

namespace CLI {
class App;
}

namespace ganserve::ganctl {

class ConnectionFlags {
 public:
  // This outlives the parsing.
  void AddTo(CLI::App& app);

  // What the parser found.
  client::ClientOptions Options() const;

 private:
  client::ClientOptions options_;
  double timeout_s_ = 30.0;
  int max_message_mib_ = 64;
};

}  // namespace ganserve::ganctl
