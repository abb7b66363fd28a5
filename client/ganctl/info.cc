// ganctl info: what the server is, holds and allows.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/ganctl/command.h"
#include "client/ganctl/json_output.h"
#include "client/image_client.h"

namespace ganserve::ganctl {
namespace {

void PrintTable(const v1::GetServerInfoResponse& info) {
  absl::PrintF("server     ganserve %s on %s, %d workers\n", info.server_version(), info.device(), info.workers());
  absl::PrintF("limits     %d images a call, %d bytes an answer, %d images a stream\n", info.max_images_per_call(),
               info.max_response_bytes(), info.max_images_per_stream());
  absl::PrintF("default    %s\n\n", info.default_model());
  absl::PrintF("%-20s %8s %-8s %-12s %7s %7s  %-12s %s\n", "MODEL", "VERSION", "ON DUTY", "SIZE", "LATENT", "CLASSES",
               "DIGEST", "ALIASES");
  for (const v1::ModelVersionInfo& model : info.models()) {
    const std::string size = absl::StrCat(model.width(), "x", model.height(), "x", model.channels());
    absl::PrintF("%-20s %8d %-8s %-12s %7d %7s  %-12s %s\n", model.model(), model.version(),
                 model.on_duty() ? "yes" : "no", size, model.latent_size(),
                 model.classes() == 0 ? "-" : absl::StrCat(model.classes()), model.digest().substr(0, 12),
                 absl::StrJoin(model.aliases(), ","));
  }
}

// Of the versions on duty that name them, what `generate --label` takes.
void PrintClasses(const v1::GetServerInfoResponse& info) {
  for (const v1::ModelVersionInfo& model : info.models()) {
    if (!model.on_duty() || model.class_names().empty()) continue;
    absl::PrintF("\nclasses of %s\n", model.model());
    for (int i = 0; i < model.class_names_size(); ++i) absl::PrintF("%5d  %s\n", i, model.class_names(i));
  }
}

class InfoCommand : public Command {
 public:
  CLI::App* AddTo(CLI::App& app) override {
    CLI::App* command = app.add_subcommand("info", "Print the server's version, limits and models");
    command->add_flag("--json", json_, "Print JSON, as protobuf maps GetServerInfoResponse");
    return command;
  }

  ExitCode Run(const CommandContext& context) override {
    const auto client = client::ImageClient::Create(context.connection);
    if (!client.ok()) return ReportUsage(std::string(client.status().message()));
    const auto info = (*client)->GetServerInfo({.stop = context.stop});
    if (!info.ok()) return ReportError(info.status(), context.connection.server, context.stop);
    if (!json_) {
      PrintTable(*info);
      PrintClasses(*info);
      return kOk;
    }
    const absl::Status status = PrintJson(*info);
    return status.ok() ? kOk : ReportError(status, context.connection.server, context.stop);
  }

 private:
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeInfoCommand() { return std::make_unique<InfoCommand>(); }

}  // namespace ganserve::ganctl
