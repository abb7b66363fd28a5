// ganctl health: is the server, or one of its services, ready?
#include <CLI/CLI.hpp>
#include <cstdio>

#include "client/ganctl/command.h"
#include "client/image_client.h"

namespace ganserve::ganctl {
namespace {

const char* Name(client::Health health) {
  switch (health) {
    case client::Health::kServing:
      return "SERVING";
    case client::Health::kNotServing:
      return "NOT_SERVING";
    case client::Health::kServiceUnknown:
      return "SERVICE_UNKNOWN";
    case client::Health::kUnknown:
      break;
  }
  return "UNKNOWN";
}

void Print(client::Health health) {
  std::printf("%s\n", Name(health));
  std::fflush(stdout);
}

class HealthCommand : public Command {
 public:
  CLI::App* AddTo(CLI::App& app) override {
    CLI::App* command = app.add_subcommand("health", "Print whether the server is ready; exit code 3 if it is not");
    command->add_option("--service", service_, "Ask for one service, such as ganserve.v1.ImageService");
    command->add_flag("--watch", watch_, "Print every change until interrupted");
    return command;
  }

  ExitCode Run(const CommandContext& context) override {
    const auto client = client::ImageClient::Create(context.connection);
    if (!client.ok()) return ReportUsage(std::string(client.status().message()));
    if (watch_) {
      const absl::Status status = (*client)->WatchHealth(service_, Print, {.stop = context.stop});
      return status.ok() ? kOk : ReportError(status, context.connection.server, context.stop);
    }
    const absl::StatusOr<client::Health> health = (*client)->CheckHealth(service_, {.stop = context.stop});
    if (!health.ok()) return ReportError(health.status(), context.connection.server, context.stop);
    Print(*health);
    return *health == client::Health::kServing ? kOk : kUnavailable;
  }

 private:
  std::string service_;
  bool watch_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeHealthCommand() { return std::make_unique<HealthCommand>(); }

}  // namespace ganserve::ganctl
