// ganctl: the command line of ganserve.
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/ganctl/command.h"
#include "client/ganctl/connection_flags.h"
#include "client/ganctl/exit_code.h"
#include "client/ganctl/interrupt.h"
#include "client/ganctl/usage_error.h"

namespace ganserve::ganctl {
namespace {

constexpr char kFooter[] =
    "Exit codes:\n"
    "  0    success; of train and jobs watch: the job has succeeded\n"
    "  1    the server refused or failed, or a file could not be written\n"
    "  2    wrong command line\n"
    "  3    the server cannot be reached, is stopping or not ready\n"
    "  4    a stream broke after some images were written\n"
    "  5    train, jobs watch: the job has failed\n"
    "  6    train, jobs watch: the job was cancelled\n"
    "  130  interrupted\n"
    "The Connection options of ganctl --help may stand before or after the subcommand, or come from\n"
    "their variables.";

// In the order of ganctl --help.
constexpr std::unique_ptr<Command> (*kCommands[])() = {
    MakeGenerateCommand, MakeHealthCommand, MakeInfoCommand, MakeBenchCommand,
    MakeTrainCommand,    MakeJobsCommand,   MakePlotCommand, MakeModelsCommand,
};

int Main(int argc, char** argv) {
  // gRPC's own log would stand beside the one line that says what went wrong; whoever sets the variable gets it.
  ::setenv("GRPC_VERBOSITY", "NONE", 0);
  CLI::App app("Images from a ganserve server, and training on it", "ganctl");
  app.set_version_flag("--version", "ganctl " GANSERVE_VERSION);
  app.footer(kFooter);
  app.require_subcommand(1);
  app.fallthrough();
  ConnectionFlags flags;
  flags.AddTo(app);
  std::vector<std::pair<CLI::App*, std::unique_ptr<Command>>> commands;
  for (auto* make : kCommands) {
    std::unique_ptr<Command> command = make();
    CLI::App* subcommand = command->AddTo(app);
    commands.emplace_back(subcommand, std::move(command));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return ReportUsage(UsageText(app, error), GivenCommand(app));
  }
  if (absl::Status status = client::Validate(flags.Options()); !status.ok()) {
    return ReportUsage(std::string(status.message()));
  }
  Interrupt interrupt;
  for (const auto& [subcommand, command] : commands) {
    if (subcommand->parsed()) return command->Run({flags.Options(), interrupt.token(), interrupt});
  }
  return kUsage;
}

}  // namespace
}  // namespace ganserve::ganctl

int main(int argc, char** argv) { return ganserve::ganctl::Main(argc, argv); }
