// ganctl plot: the loss curves of a job as a picture.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/ganctl/command.h"
#include "client/ganctl/output_files.h"
#include "client/plot/loss_chart.h"
#include "client/plot/loss_history.h"
#include "client/training_client.h"

namespace ganserve::ganctl {
namespace {

std::string CheckPictureName(const std::string& path) {
  const bool known = absl::EndsWithIgnoreCase(path, ".svg") || absl::EndsWithIgnoreCase(path, ".png");
  return known ? "" : "\"" + path + "\" does not end in .svg or .png";
}

class PlotCommand : public Command {
 public:
  CLI::App* AddTo(CLI::App& app) override;
  ExitCode Run(const CommandContext& context) override;

 private:
  // All events that the job has now; it may be still at work.
  absl::StatusOr<plot::LossHistory> ReadHistory(const client::TrainingClient& client, const v1::TrainJobInfo& job,
                                                const CommandContext& context) const;
  absl::Status Plot(const client::TrainingClient& client, const CommandContext& context) const;

  std::string job_;
  std::string out_ = "loss.svg";
};

CLI::App* PlotCommand::AddTo(CLI::App& app) {
  CLI::App* command = app.add_subcommand("plot", "Draw the loss curves of a training job");
  command->add_option("job", job_, "Id of the job")->required();
  command->add_option("--out", out_, "Picture to write, .svg or .png")->check(CheckPictureName)->capture_default_str();
  return command;
}

ExitCode PlotCommand::Run(const CommandContext& context) {
  const auto client = client::TrainingClient::Create(context.connection);
  if (!client.ok()) return ReportUsage(std::string(client.status().message()));
  const absl::Status status = Plot(**client, context);
  return status.ok() ? kOk : ReportError(status, context.connection.server, context.stop);
}

absl::Status PlotCommand::Plot(const client::TrainingClient& client, const CommandContext& context) const {
  const auto job = client.Get(job_, {.stop = context.stop});
  if (!job.ok()) return job.status();
  const auto history = ReadHistory(client, *job, context);
  if (!history.ok()) return history.status();
  if (history->points().empty()) {
    return absl::FailedPreconditionError(absl::StrCat("job ", job_, " has not reported any losses yet"));
  }
  const auto format = absl::EndsWithIgnoreCase(out_, ".png") ? plot::PictureFormat::kPng : plot::PictureFormat::kSvg;
  const std::string title = absl::StrCat(job->spec().data(), ", job ", job->id());
  const auto picture = plot::DrawLossChart(*history, title, format);
  if (!picture.ok()) return picture.status();
  if (absl::Status status = CreateFolderOf(out_); !status.ok()) return status;
  if (absl::Status status = WriteFile(out_, *picture); !status.ok()) return status;
  absl::PrintF("%s, %d loss events up to step %d", out_, history->points().size(), history->points().back().step);
  if (history->missing() > 0) absl::PrintF("; the server left out %d", history->missing());
  absl::PrintF("\n");
  return absl::OkStatus();
}

absl::StatusOr<plot::LossHistory> PlotCommand::ReadHistory(const client::TrainingClient& client,
                                                           const v1::TrainJobInfo& job,
                                                           const CommandContext& context) const {
  plot::LossHistory history;
  if (job.last_sequence() == 0) return history;
  const auto stream = client.Watch(job_, 0, {.stop = context.stop});
  v1::TrainEvent event;
  while (stream->Next(&event)) {
    history.Add(event);
    if (stream->last_sequence() >= job.last_sequence()) return history;
  }
  absl::Status status = stream->Finish();
  if (!status.ok()) return status;
  return history;
}

}  // namespace

std::unique_ptr<Command> MakePlotCommand() { return std::make_unique<PlotCommand>(); }

}  // namespace ganserve::ganctl
