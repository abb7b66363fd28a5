// ganctl train: starts a training job and follows it.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <utility>

#include "client/ganctl/command.h"
#include "client/ganctl/follow_job.h"
#include "client/ganctl/train_follower.h"
#include "client/training_client.h"
#include "proto/spec/train_spec_flags.h"

namespace ganserve::ganctl {
namespace {

class TrainCommand : public Command {
 public:
  CLI::App* AddTo(CLI::App& app) override;
  ExitCode Run(const CommandContext& context) override;

 private:
  ExitCode StartOnly(client::TrainStream& stream, const CommandContext& context) const;

  v1::TrainSpec spec_;
  FollowOptions follow_;
  std::string request_id_;
  bool detach_ = false;
};

CLI::App* TrainCommand::AddTo(CLI::App& app) {
  CLI::App* command = app.add_subcommand("train", "Start a training job on the server and follow it");
  command
      ->add_option_function<std::string>(
          "--data", [this](const std::string& name) { spec_.set_data(name); },
          "Data set: a name under the server's data root")
      ->required();
  AddTrainSpecFlags(command, &spec_);
  AddTrainSpecFlag(command, "threads", &spec_);
  AddTrainSpecFlag(command, "promote_to_model", &spec_);
  AddTrainSpecFlag(command, "promote_only_if_not_worse", &spec_);
  command->add_option("--request-id", request_id_, "Attaches to the job of an earlier command with this id");
  CLI::Option* detach =
      command->add_flag("--detach", detach_, "Print the job's id once it is accepted, and do not follow it");
  AddFollowFlags(*command, follow_);
  for (const char* name : {"--samples", "--every", "--quiet", "--json"}) command->get_option(name)->excludes(detach);
  return command;
}

ExitCode TrainCommand::Run(const CommandContext& context) {
  const auto client = client::TrainingClient::Create(context.connection);
  if (!client.ok()) return ReportUsage(std::string(client.status().message()));
  TrainFollower follower(follow_);
  if (absl::Status status = follower.Open(); !status.ok()) {
    return ReportError(status, context.connection.server, context.stop);
  }
  v1::TrainJobRequest request;
  *request.mutable_spec() = spec_;
  request.set_request_id(request_id_);
  auto stream = (*client)->Train(std::move(request), {.stop = context.stop});
  return detach_ ? StartOnly(*stream, context) : FollowJob(**client, std::move(stream), follower, context);
}

ExitCode TrainCommand::StartOnly(client::TrainStream& stream, const CommandContext& context) const {
  v1::TrainEvent event;
  if (stream.Next(&event)) {
    std::puts(stream.job_id().c_str());
    return kOk;
  }
  const ExitCode code = ReportError(stream.Finish(), context.connection.server, context.stop);
  if (code != kFailed) PrintHowToTryAgain(stream);
  return code;
}

}  // namespace

std::unique_ptr<Command> MakeTrainCommand() { return std::make_unique<TrainCommand>(); }

}  // namespace ganserve::ganctl
