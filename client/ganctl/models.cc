// ganctl models: the models of the server and which version of each is on duty.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/ganctl/command.h"
#include "client/ganctl/json_output.h"
#include "client/model_client.h"
#include "proto/spec/number_checks.h"

namespace ganserve::ganctl {
namespace {

using client::ModelClient;

class ModelsCommand : public Command {
 public:
  CLI::App* AddTo(CLI::App& app) override;
  ExitCode Run(const CommandContext& context) override;

 private:
  void AddVersionCommands(CLI::App& models);
  absl::Status ListModels(const ModelClient& client, const CommandContext& context) const;
  absl::Status ListVersions(const ModelClient& client, const CommandContext& context) const;
  absl::Status Promote(const ModelClient& client, const CommandContext& context) const;
  absl::Status Delete(const ModelClient& client, const CommandContext& context) const;
  absl::Status RunParsed(const ModelClient& client, const CommandContext& context) const;

  CLI::App* list_ = nullptr;
  CLI::App* promote_ = nullptr;
  CLI::App* activate_ = nullptr;
  CLI::App* rollback_ = nullptr;
  std::string model_;
  std::string job_;
  uint64_t version_ = 0;
  std::optional<uint64_t> step_;
  bool only_if_not_worse_ = false;
  bool json_ = false;
};

std::string Origin(const v1::ModelVersion& version) {
  return version.job_id().empty() ? "-" : absl::StrCat("job ", version.job_id(), ", step ", version.step());
}

// All pages of a list in one answer. `list` is the client's method for one page.
template <typename Request, typename Response>
absl::StatusOr<Response> AllPages(const ModelClient& client,
                                  absl::StatusOr<Response> (ModelClient::*list)(const Request&,
                                                                                const client::CallOptions&) const,
                                  Request request, const CommandContext& context) {
  Response all;
  do {
    const auto page = (client.*list)(request, {.stop = context.stop});
    if (!page.ok()) return page.status();
    all.MergeFrom(*page);
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  all.clear_next_page_token();
  return all;
}

// The version that a call has put on duty.
absl::Status PrintSwitch(const absl::StatusOr<v1::ModelVersion>& version) {
  if (!version.ok()) return version.status();
  const std::string origin = version->job_id().empty() ? "" : absl::StrCat(Origin(*version), ", ");
  absl::PrintF("model %s version %d is on duty (%sdigest %s)\n", version->model(), version->version(), origin,
               version->digest());
  return absl::OkStatus();
}

CLI::App* ModelsCommand::AddTo(CLI::App& app) {
  CLI::App* models = app.add_subcommand("models", "List models, and put versions of them on duty");
  models->require_subcommand(1);
  list_ = models->add_subcommand("list", "Print the models or, of one model, the versions");
  list_->add_option("model", model_, "Print the versions of this one, the newest first");
  list_->add_flag("--json", json_, "Print JSON, as protobuf maps the answer");
  promote_ = models->add_subcommand("promote", "Make a version of what a job has trained and put it on duty");
  promote_->add_option("job", job_, "Id of the job")->required();
  promote_->add_option("--model", model_, "Model; created if there is none of that name")->required();
  promote_->add_option("--step", step_, "Step of one of its checkpoints; by default the best, or the last")
      ->check(CheckWholeNumber);
  promote_->add_flag("--only-if-not-worse", only_if_not_worse_, "Unless it measures worse than the version on duty");
  AddVersionCommands(*models);
  return models;
}

void ModelsCommand::AddVersionCommands(CLI::App& models) {
  activate_ = models.add_subcommand("activate", "Put a version on duty, a newer or an older one");
  rollback_ = models.add_subcommand("rollback", "Put the version before the one on duty on duty");
  CLI::App* remove = models.add_subcommand("delete", "Remove a version that is not on duty");
  for (CLI::App* command : {activate_, rollback_, remove}) {
    command->add_option("model", model_, "Name of the model")->required();
  }
  for (CLI::App* command : {activate_, remove}) {
    command->add_option("version", version_, "Number of the version")->required()->check(CheckWholeNumber);
  }
}

ExitCode ModelsCommand::Run(const CommandContext& context) {
  const auto client = ModelClient::Create(context.connection);
  if (!client.ok()) return ReportUsage(std::string(client.status().message()));
  const absl::Status status = RunParsed(**client, context);
  return status.ok() ? kOk : ReportError(status, context.connection.server, context.stop);
}

absl::Status ModelsCommand::RunParsed(const ModelClient& client, const CommandContext& context) const {
  if (list_->parsed()) return model_.empty() ? ListModels(client, context) : ListVersions(client, context);
  if (promote_->parsed()) return Promote(client, context);
  if (activate_->parsed()) return PrintSwitch(client.Activate(model_, version_, {.stop = context.stop}));
  if (rollback_->parsed()) return PrintSwitch(client.Rollback(model_, {.stop = context.stop}));
  return Delete(client, context);
}

absl::Status ModelsCommand::ListModels(const ModelClient& client, const CommandContext& context) const {
  const auto all = AllPages(client, &ModelClient::ListModels, v1::ListModelsRequest(), context);
  if (!all.ok()) return all.status();
  if (json_) return PrintJson(*all);
  absl::PrintF("%-32s %s\n", "MODEL", "VERSION ON DUTY");
  for (const v1::Model& model : all->models()) {
    absl::PrintF("%-32s %s\n", model.name(),
                 model.version_on_duty() == 0 ? "-" : absl::StrCat(model.version_on_duty()));
  }
  return absl::OkStatus();
}

absl::Status ModelsCommand::ListVersions(const ModelClient& client, const CommandContext& context) const {
  v1::ListModelVersionsRequest request;
  request.set_model(model_);
  const auto all = AllPages(client, &ModelClient::ListVersions, request, context);
  if (!all.ok()) return all.status();
  if (json_) return PrintJson(*all);
  absl::PrintF("%8s %-8s %-12s %s\n", "VERSION", "ON DUTY", "DIGEST", "FROM");
  for (const v1::ModelVersion& version : all->versions()) {
    absl::PrintF("%8d %-8s %-12s %s\n", version.version(), version.on_duty() ? "yes" : "no",
                 version.digest().substr(0, 12), Origin(version));
  }
  return absl::OkStatus();
}

absl::Status ModelsCommand::Promote(const ModelClient& client, const CommandContext& context) const {
  v1::PromoteTrainJobRequest request;
  request.set_job_id(job_);
  request.set_model(model_);
  if (step_) request.set_checkpoint_step(*step_);
  request.set_only_if_not_worse(only_if_not_worse_);
  return PrintSwitch(client.Promote(request, {.stop = context.stop}));
}

absl::Status ModelsCommand::Delete(const ModelClient& client, const CommandContext& context) const {
  if (absl::Status status = client.Delete(model_, version_, {.stop = context.stop}); !status.ok()) return status;
  absl::PrintF("model %s version %d deleted\n", model_, version_);
  return absl::OkStatus();
}

}  // namespace

std::unique_ptr<Command> MakeModelsCommand() { return std::make_unique<ModelsCommand>(); }

}  // namespace ganserve::ganctl
