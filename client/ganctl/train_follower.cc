#include "client/ganctl/train_follower.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/ganctl/exit_code.h"
#include "client/ganctl/json_output.h"
#include "client/ganctl/output_files.h"
#include "client/ganctl/train_text.h"
#include "proto/spec/number_checks.h"

namespace ganserve::ganctl {
namespace {

bool IsNews(const v1::TrainEvent& event) { return event.has_state_change() || event.has_terminal(); }

}  // namespace

void AddFollowFlags(CLI::App& command, FollowOptions& options) {
  command.add_option("--samples", options.sample_folder, "Folder for the sample grids, <step>.png");
  command.add_option("--every", options.every, "Print the losses of every N-th loss event")
      ->check(CheckWholeNumber)
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  CLI::Option* quiet = command.add_flag("--quiet", options.quiet, "Print only changes of state and the end");
  command.add_flag("--json", options.json, "Print each event as a line of JSON, as protobuf maps TrainEvent")
      ->excludes(quiet);
}

absl::Status TrainFollower::Open() const {
  return options_.sample_folder.empty() ? absl::OkStatus() : CreateFolder(options_.sample_folder);
}

void TrainFollower::OnJob(const std::string& job_id) {
  if (!named_ && !options_.json) PrintLine("job " + job_id);
  named_ = true;
}

void TrainFollower::OnBreak() {
  broken_ = true;
  PrintNoteAboveProgress("the server is gone, trying again ...");
}

void TrainFollower::OnEvent(const v1::TrainEvent& event) {
  if (std::exchange(broken_, false)) {
    PrintNoteAboveProgress(absl::StrCat("following again at event ", event.sequence()));
  }
  if (event.has_sample()) OnSample(event);
  if (options_.json) {
    v1::TrainEvent slim = event;
    if (slim.has_sample()) slim.mutable_sample()->clear_png();
    if (absl::Status status = PrintJsonLine(slim); !status.ok()) PrintNote(std::string(status.message()));
  } else if (event.has_losses()) {
    OnLosses(event);
  } else {
    PrintEvent(event);
  }
}

void TrainFollower::OnLosses(const v1::TrainEvent& event) {
  if (options_.quiet) return;
  // First, so that the line below the losses is of the same step: printing draws it again, after which it is not due.
  status_line_.Update(TrainProgressLine(event, StatusLine::Columns()));
  if (loss_events_++ % options_.every == 0) PrintLine(LossLine(event));
}

void TrainFollower::OnSample(const v1::TrainEvent& event) {
  if (options_.sample_folder.empty()) return;
  const std::string path = absl::StrCat(options_.sample_folder, "/", event.step(), ".png");
  absl::Status status =
      absl::NotFoundError(absl::StrCat("the server no longer has the samples of step ", event.step()));
  if (!event.sample().png().empty()) status = WriteFile(path, event.sample().png());
  if (status.ok()) {
    if (!options_.quiet && !options_.json) PrintLine("samples " + path);
    return;
  }
  // The job goes on, and so does following it.
  PrintNoteAboveProgress(std::string(status.message()));
  samples_.Update(status);
}

void TrainFollower::PrintEvent(const v1::TrainEvent& event) {
  if (options_.quiet && !IsNews(event)) return;
  if (const std::string line = EventLine(event); !line.empty()) PrintLine(line);
}

void TrainFollower::PrintNoteAboveProgress(const std::string& message) {
  status_line_.Remove();
  PrintNote(message);
  status_line_.Redraw();
}

void TrainFollower::PrintLine(const std::string& line) {
  status_line_.Remove();
  std::puts(line.c_str());
  std::fflush(stdout);
  status_line_.Redraw();
}

}  // namespace ganserve::ganctl
