// ganctl jobs: the training jobs of the server.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/ganctl/command.h"
#include "client/ganctl/follow_job.h"
#include "client/ganctl/json_output.h"
#include "client/ganctl/train_follower.h"
#include "client/ganctl/train_text.h"
#include "client/training_client.h"
#include "proto/spec/number_checks.h"

namespace ganserve::ganctl {
namespace {

using client::TrainingClient;

// The most that the server gives in a page.
constexpr uint64_t kMaxPageSize = 1'000;

using JobCall = absl::StatusOr<v1::TrainJobInfo> (TrainingClient::*)(const std::string&,
                                                                     const client::CallOptions&) const;

class JobsCommand : public Command {
 public:
  CLI::App* AddTo(CLI::App& app) override;
  ExitCode Run(const CommandContext& context) override;

 private:
  CLI::App* AddJobCommand(CLI::App& jobs, const std::string& name, const std::string& help);
  void AddList(CLI::App& jobs);
  ExitCode List(const TrainingClient& client, const CommandContext& context) const;
  absl::StatusOr<v1::ListTrainJobsResponse> AllPages(const TrainingClient& client, const CommandContext& context) const;
  ExitCode Show(const TrainingClient& client, const CommandContext& context) const;
  ExitCode Watch(const TrainingClient& client, const CommandContext& context) const;
  ExitCode Change(const TrainingClient& client, JobCall call, const CommandContext& context) const;
  ExitCode Delete(const TrainingClient& client, const CommandContext& context) const;

  CLI::App* list_ = nullptr;
  CLI::App* show_ = nullptr;
  CLI::App* watch_ = nullptr;
  CLI::App* pause_ = nullptr;
  CLI::App* resume_ = nullptr;
  CLI::App* cancel_ = nullptr;
  std::string job_;
  std::vector<std::string> states_;
  uint64_t limit_ = 100;
  bool json_ = false;
  FollowOptions follow_;
};

void PrintTable(const v1::ListTrainJobsResponse& jobs) {
  absl::PrintF("%-36s %-10s %10s %9s %9s  %-19s  %s\n", "JOB", "STATE", "STEP", "D LOSS", "G LOSS", "CREATED (UTC)",
               "DATA");
  for (const v1::TrainJobInfo& job : jobs.jobs()) {
    const v1::TrainLosses& losses = job.last_losses();
    const auto loss = [&job](double value) { return job.has_last_losses() ? absl::StrFormat("%.4f", value) : "-"; };
    absl::PrintF("%-36s %-10s %10d %9s %9s  %-19s  %s\n", job.id(), StateName(job.state()), job.step(),
                 loss(losses.discriminator_loss()), loss(losses.generator_loss()), TimeText(job.create_time_ms()),
                 job.spec().data());
  }
}

void PrintJob(const v1::TrainJobInfo& job) {
  absl::PrintF("job         %s\n", job.id());
  absl::PrintF("state       %s\n", StateName(job.state()));
  if (!job.message().empty()) absl::PrintF("            %s\n", PlainText(job.message()));
  absl::PrintF("created     %s UTC\n", TimeText(job.create_time_ms()));
  absl::PrintF("step        %d\n", job.step());
  if (job.has_last_losses()) {
    const v1::TrainLosses& losses = job.last_losses();
    absl::PrintF("losses      D %.4f, G %.4f, D(x) %.3f, D(G(z)) %.3f\n", losses.discriminator_loss(),
                 losses.generator_loss(), losses.real_score(), losses.fake_score());
    // Of another job they are of the past.
    if (job.state() == v1::TRAIN_JOB_STATE_RUNNING) {
      absl::PrintF("speed       %.0f images/s, %s to go\n", losses.images_per_second(),
                   DurationText(losses.eta_seconds()));
    }
  }
  if (job.has_last_checkpoint()) absl::PrintF("checkpoint  step %d\n", job.last_checkpoint().step());
  absl::PrintF("spec\n%s", job.spec().DebugString());
}

CLI::App* JobsCommand::AddTo(CLI::App& app) {
  CLI::App* jobs = app.add_subcommand("jobs", "List, follow and steer training jobs");
  jobs->require_subcommand(1);
  AddList(*jobs);
  show_ = AddJobCommand(*jobs, "show", "Print a job as it stands");
  show_->add_flag("--json", json_, "Print JSON, as protobuf maps TrainJobInfo");
  watch_ = AddJobCommand(*jobs, "watch", "Print a job's events from the first one on, and follow it");
  AddFollowFlags(*watch_, follow_);
  pause_ = AddJobCommand(*jobs, "pause", "Write a checkpoint and free the job's processor time and memory");
  resume_ = AddJobCommand(*jobs, "resume", "Queue a paused job again; it goes on from its last checkpoint");
  cancel_ = AddJobCommand(*jobs, "cancel", "End a job; its trainer gets time to write a checkpoint");
  AddJobCommand(*jobs, "delete", "Remove a job that has ended or is paused, with all its files");
  return jobs;
}

CLI::App* JobsCommand::AddJobCommand(CLI::App& jobs, const std::string& name, const std::string& help) {
  CLI::App* command = jobs.add_subcommand(name, help);
  command->add_option("job", job_, "Id of the job")->required();
  return command;
}

void JobsCommand::AddList(CLI::App& jobs) {
  list_ = jobs.add_subcommand("list", "Print the jobs, the newest first");
  list_->add_option("--state", states_, "Only jobs in this state, such as running; may be given again")
      ->transform(CLI::IsMember(StateNames(), CLI::ignore_case));
  list_->add_option("--limit", limit_, "Most jobs to print; 0: all")->check(CheckWholeNumber)->capture_default_str();
  list_->add_flag("--json", json_, "Print JSON, as protobuf maps ListTrainJobsResponse");
}

ExitCode JobsCommand::Run(const CommandContext& context) {
  const auto client = TrainingClient::Create(context.connection);
  if (!client.ok()) return ReportUsage(std::string(client.status().message()));
  if (list_->parsed()) return List(**client, context);
  if (show_->parsed()) return Show(**client, context);
  if (watch_->parsed()) return Watch(**client, context);
  if (pause_->parsed()) return Change(**client, &TrainingClient::Pause, context);
  if (resume_->parsed()) return Change(**client, &TrainingClient::Resume, context);
  if (cancel_->parsed()) return Change(**client, &TrainingClient::Cancel, context);
  return Delete(**client, context);
}

ExitCode JobsCommand::List(const TrainingClient& client, const CommandContext& context) const {
  const auto jobs = AllPages(client, context);
  if (!jobs.ok()) return ReportError(jobs.status(), context.connection.server, context.stop);
  if (!json_) {
    PrintTable(*jobs);
    return kOk;
  }
  const absl::Status status = PrintJson(*jobs);
  return status.ok() ? kOk : ReportError(status, context.connection.server, context.stop);
}

absl::StatusOr<v1::ListTrainJobsResponse> JobsCommand::AllPages(const TrainingClient& client,
                                                                const CommandContext& context) const {
  v1::ListTrainJobsRequest request;
  for (const std::string& state : states_) request.add_states(StateOf(state));
  v1::ListTrainJobsResponse all;
  do {
    const uint64_t missing = limit_ == 0 ? kMaxPageSize : limit_ - static_cast<uint64_t>(all.jobs_size());
    request.set_page_size(static_cast<uint32_t>(std::min(missing, kMaxPageSize)));
    auto page = client.List(request, {.stop = context.stop});
    if (!page.ok()) return page.status();
    request.set_page_token(page->next_page_token());
    all.MergeFrom(*page);
  } while (!request.page_token().empty() && (limit_ == 0 || static_cast<uint64_t>(all.jobs_size()) < limit_));
  // Whoever wants more gives a higher limit.
  all.clear_next_page_token();
  return all;
}

ExitCode JobsCommand::Show(const TrainingClient& client, const CommandContext& context) const {
  const auto job = client.Get(job_, {.stop = context.stop});
  if (!job.ok()) return ReportError(job.status(), context.connection.server, context.stop);
  if (!json_) {
    PrintJob(*job);
    return kOk;
  }
  const absl::Status status = PrintJson(*job);
  return status.ok() ? kOk : ReportError(status, context.connection.server, context.stop);
}

ExitCode JobsCommand::Watch(const TrainingClient& client, const CommandContext& context) const {
  TrainFollower follower(follow_);
  if (absl::Status status = follower.Open(); !status.ok()) {
    return ReportError(status, context.connection.server, context.stop);
  }
  return FollowJob(client, client.Watch(job_, 0, {.stop = context.stop}), follower, context);
}

ExitCode JobsCommand::Change(const TrainingClient& client, JobCall call, const CommandContext& context) const {
  const auto job = (client.*call)(job_, {.stop = context.stop});
  if (!job.ok()) return ReportError(job.status(), context.connection.server, context.stop);
  absl::PrintF("job %s %s\n", job->id(), StateName(job->state()));
  return kOk;
}

ExitCode JobsCommand::Delete(const TrainingClient& client, const CommandContext& context) const {
  if (absl::Status status = client.Delete(job_, {.stop = context.stop}); !status.ok()) {
    return ReportError(status, context.connection.server, context.stop);
  }
  absl::PrintF("job %s deleted\n", job_);
  return kOk;
}

}  // namespace

std::unique_ptr<Command> MakeJobsCommand() { return std::make_unique<JobsCommand>(); }

}  // namespace ganserve::ganctl
