#include "client/ganctl/follow_job.h"

#include "absl/strings/str_cat.h"
#include "client/ganctl/detach_prompt.h"
#include "client/ganctl/interrupt.h"

namespace ganserve::ganctl {
namespace {

void ReadEvents(client::TrainStream& stream, TrainFollower& follower) {
  stream.OnBreak([&follower] { follower.OnBreak(); });
  v1::TrainEvent event;
  while (stream.Next(&event)) {
    follower.OnJob(stream.job_id());
    follower.OnEvent(event);
  }
  follower.Suspend();
}

ExitCode CodeOf(const v1::TrainTerminal& terminal, const TrainFollower& follower) {
  if (terminal.state() == v1::TRAIN_JOB_STATE_CANCELLED) return kJobCancelled;
  if (terminal.state() != v1::TRAIN_JOB_STATE_SUCCEEDED) return kJobFailed;
  return follower.samples().ok() ? kOk : kFailed;
}

void PrintHowToComeBack(const std::string& job_id) {
  PrintNote(absl::StrCat("job ", job_id, " goes on; follow it with: ganctl jobs watch ", job_id));
}

// The server may still be there and the job not: only a lost server leaves the job's fate open.
ExitCode ReportBrokenStream(const absl::Status& status, const client::TrainStream& stream,
                            const CommandContext& context) {
  const ExitCode code = ReportError(status, context.connection.server, {});
  if (code == kUnavailable && stream.last_sequence() > 0) {
    PrintHowToComeBack(stream.job_id());
  } else if (code == kUnavailable && stream.job_id().empty()) {
    PrintHowToTryAgain(stream);
  }
  return code;
}

}  // namespace

ExitCode FollowJob(const client::TrainingClient& client, std::unique_ptr<client::TrainStream> stream,
                   TrainFollower& follower, const CommandContext& context) {
  std::stop_token stop = context.stop;
  bool cancelling = false;
  while (true) {
    ReadEvents(*stream, follower);
    absl::Status status = stream->Finish();
    if (stream->terminal()) return CodeOf(*stream->terminal(), follower);
    if (status.ok()) status = absl::UnavailableError("the server ended the stream before the job ended");
    if (!stop.stop_requested()) return ReportBrokenStream(status, *stream, context);
    const std::string job_id = stream->job_id();
    if (job_id.empty()) {
      PrintHowToTryAgain(*stream);
      return kInterrupted;
    }
    const Parting parting = cancelling ? Parting::kDetach : AskHowToPart(job_id, context.interrupt);
    if (parting != Parting::kCancel) {
      PrintHowToComeBack(job_id);
      return parting == Parting::kDetachChosen ? kOk : kInterrupted;
    }
    cancelling = true;
    stop = context.interrupt.token();
    if (const auto job = client.Cancel(job_id, {.stop = stop}); !job.ok()) {
      return ReportError(job.status(), context.connection.server, stop);
    }
    stream = client.Watch(job_id, stream->last_sequence(), {.stop = stop});
  }
}

void PrintHowToTryAgain(const client::TrainStream& stream) {
  if (!stream.may_have_started()) return;
  PrintNote(absl::StrCat("the job may have been started; the same command with --request-id ", stream.request_id(),
                         " attaches to it, or starts it"));
}

}  // namespace ganserve::ganctl
