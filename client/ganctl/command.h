// The subcommands of ganctl: each in its own file, which only main.cc puts together.
#pragma once

#include <memory>
#include <stop_token>

#include "client/client_options.h"
#include "client/ganctl/exit_code.h"

namespace CLI {
class App;
}

namespace ganserve::ganctl {

class Interrupt;

struct CommandContext {
  client::ClientOptions connection;
  // Requested by the first SIGINT or SIGTERM.
  std::stop_token stop;
  // Where that comes from; outlives the command.
  Interrupt& interrupt;
};

class Command {
 public:
  virtual ~Command() = default;

  // Adds the subcommand with its options, which the parser fills in.
  virtual CLI::App* AddTo(CLI::App& app) = 0;

  // Does it, after the parsing. Results go to standard output, all else to standard error.
  virtual ExitCode Run(const CommandContext& context) = 0;
};

std::unique_ptr<Command> MakeGenerateCommand();
std::unique_ptr<Command> MakeHealthCommand();
std::unique_ptr<Command> MakeInfoCommand();
std::unique_ptr<Command> MakeBenchCommand();
std::unique_ptr<Command> MakeTrainCommand();
std::unique_ptr<Command> MakeJobsCommand();
std::unique_ptr<Command> MakeModelsCommand();
std::unique_ptr<Command> MakePlotCommand();

}  // namespace ganserve::ganctl
