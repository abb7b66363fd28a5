#include "server/trainer_commands.h"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/spec/train_spec_defaults.h"
#include "server/base/status_macros.h"
#include "server/data/data_set.h"
#include "server/eval/torch_threads.h"
#include "server/jobs/train_spec.h"
#include "server/jobs/trainer_exit_codes.h"
#include "server/train/checkpoint_files.h"
#include "server/train/job_export.h"
#include "server/train/spec_settings.h"
#include "server/train/train_length.h"

namespace ganserve {
namespace {

namespace fs = std::filesystem;

// A path split into the folder and the name in it, which is never empty but for the root.
struct Place {
  explicit Place(const std::string& path) {
    fs::path whole = fs::absolute(path).lexically_normal();
    if (!whole.has_filename()) whole = whole.parent_path();  // "jobs/a/"
    folder = whole.parent_path().string();
    name = whole.filename().string();
  }
  std::string folder;
  std::string name;
};

v1::TrainSpec SpecOf(const TrainFlags& flags) {
  v1::TrainSpec spec = flags.spec;
  if (!flags.data.empty()) spec.set_data(Place(flags.data).name);
  return ResolveTrainSpec(spec);
}

absl::StatusOr<v1::TrainSpec> ReadSpec(const std::string& job) {
  GANSERVE_ASSIGN_OR_RETURN(v1::TrainSpec spec, ReadTrainSpec(job));
  const absl::Status status = ValidateTrainSpec(spec);
  if (!status.ok()) return absl::Status(status.code(), absl::StrCat(job, "/spec: ", std::string(status.message())));
  return spec;
}

// At most what whoever started this process allows.
absl::Status LimitMemory(uint64_t bytes) {
  if (bytes == 0) return absl::OkStatus();
  rlimit limit{};
  ::getrlimit(RLIMIT_DATA, &limit);
  limit.rlim_max = std::min<rlim_t>(limit.rlim_max, bytes);
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_DATA, &limit) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot limit the memory to ", bytes, " bytes"));
}

std::string ClassesText(const ImageSet& data) {
  return data.classes > 0 ? absl::StrCat(data.classes, " classes") : "no labels";
}

// Reads the data, from which the settings learn about classes.
absl::StatusOr<ImageSet> LoadData(const std::string& root, TrainSettings* settings, TrainConsole* console) {
  NetworkShape& shape = settings->shape;
  const std::string path = absl::StrCat(root, "/", settings->data);
  if (!settings->extractor.empty()) settings->extractor = absl::StrCat(root, "/", settings->extractor);
  GANSERVE_RETURN_IF_ERROR(LimitMemory(settings->memory_bytes));
  GANSERVE_ASSIGN_OR_RETURN(ImageSet data, LoadDataSet(path, {shape.image_size, shape.image_size, shape.channels}));
  GANSERVE_RETURN_IF_ERROR(CheckFillsABatch(*settings, data.count()));
  GANSERVE_RETURN_IF_ERROR(CheckCanBeEvaluated(*settings, data.count()));
  GANSERVE_ASSIGN_OR_RETURN(shape.classes, ClassesToTell(settings->conditioning, data.classes));
  if (shape.classes > 0) settings->class_names = data.class_names;
  console->Line(absl::StrFormat("%d training images of %dx%d, %d channel(s), %s, from %s", data.count(),
                                data.shape.width, data.shape.height, data.shape.channels, ClassesText(data), path));
  return data;
}

absl::StatusOr<TrainOutcome> TrainOn(const ImageSet& data, TrainSettings settings, const CommandContext& context,
                                     JobDirectory* job, TrainConsole* console) {
  settings.device = context.device;
  UseTorchThreads(settings.threads);
  const Provenance origin{context.command_line, Place(job->path()).name, 0, ""};
  return Train(settings, data, origin, context.stop, job, console);
}

// Tells how a run has ended. Of one that failed, its error is the one to return, not that of the history.
absl::StatusOr<TrainOutcome> Concluded(absl::StatusOr<TrainOutcome> outcome, const CommandContext& context,
                                       JobHistory* history) {
  if (!outcome.ok()) {
    history->RecordEnd(ExitCodeOf(outcome.status()), std::string(outcome.status().message())).IgnoreError();
    return outcome;
  }
  const char* why = !outcome->stopped ? "" : context.stop ? "stopped by a signal" : "stopped by the server";
  GANSERVE_RETURN_IF_ERROR(history->RecordEnd(outcome->stopped ? kTrainerStopped : kTrainerFinished, why));
  return outcome;
}

absl::StatusOr<JobDirectory> OpenForFlags(const TrainFlags& flags, const v1::TrainSpec& spec) {
  GANSERVE_ASSIGN_OR_RETURN(const std::string json, TrainSpecToJson(spec));
  if (!flags.resume) return JobDirectory::Create(flags.out, json);
  GANSERVE_ASSIGN_OR_RETURN(JobDirectory job, JobDirectory::Open(flags.out, /*supervised=*/false));
  GANSERVE_ASSIGN_OR_RETURN(const v1::TrainSpec before, ReadSpec(flags.out));
  GANSERVE_RETURN_IF_ERROR(CheckResumable(before, spec));
  GANSERVE_RETURN_IF_ERROR(job.ReplaceSpec(json));
  return job;
}

// The evaluation with the lowest FID; absent, too, when the history can't be read.
std::optional<JobHistory::Best> BestOf(const std::string& job) {
  const auto best = JobHistory::FindBest(job + "/events");
  return best.ok() ? *best : std::nullopt;
}

// That of the step; without one the best that was evaluated, else the newest.
absl::StatusOr<Checkpoint> ChooseCheckpoint(const ExportFlags& flags, const std::optional<JobHistory::Best>& best) {
  if (!flags.step && best) {
    absl::StatusOr<Checkpoint> checkpoint = FindCheckpoint(flags.job_dir, best->step);
    if (checkpoint.ok()) return checkpoint;
  }
  return FindCheckpoint(flags.job_dir, flags.step);
}

}  // namespace

int ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kTrainerFinished;
    case absl::StatusCode::kResourceExhausted:
      return kTrainerOutOfDisk;
    case absl::StatusCode::kAlreadyExists:
      return kTrainerExists;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAborted:
      return kTrainerPermanentError;
    default:
      return kTrainerError;
  }
}

absl::Status CheckFlags(const TrainFlags& flags) {
  v1::TrainSpec spec = SpecOf(flags);
  if (spec.data().empty()) spec.set_data("none");  // an untrained generator has no data, which a valid spec must name
  return ValidateTrainSpec(spec);
}

absl::StatusOr<TrainOutcome> RunJob(const RunFlags& flags, const CommandContext& context) {
  GANSERVE_ASSIGN_OR_RETURN(JobDirectory job, JobDirectory::Open(flags.job_dir, flags.supervised));
  if (const auto& end = job.history().end()) {
    if (end->succeeded) return TrainOutcome{};
    return absl::FailedPreconditionError(absl::StrCat(flags.job_dir, ": the job has ended: ", end->message));
  }
  GANSERVE_ASSIGN_OR_RETURN(const bool wanted, job.history().IsWanted());
  if (!wanted) return TrainOutcome{.stopped = true};
  return RunOpenJob(&job, flags.data_root, context);
}

absl::StatusOr<TrainOutcome> RunOpenJob(JobDirectory* job, const std::string& data_root,
                                        const CommandContext& context) {
  const auto run = [&]() -> absl::StatusOr<TrainOutcome> {
    TrainConsole console(stdout);
    GANSERVE_ASSIGN_OR_RETURN(const v1::TrainSpec spec, ReadSpec(job->path()));
    TrainSettings settings = SettingsOf(spec);
    GANSERVE_ASSIGN_OR_RETURN(const ImageSet data, LoadData(data_root, &settings, &console));
    return TrainOn(data, settings, context, job, &console);
  };
  return Concluded(run(), context, &job->history());
}

absl::StatusOr<TrainOutcome> TrainJob(const TrainFlags& flags, const CommandContext& context) {
  TrainConsole console(stdout);
  const v1::TrainSpec spec = SpecOf(flags);
  TrainSettings settings = SettingsOf(spec);
  // First, so that no directory is created for data that can't be used.
  GANSERVE_ASSIGN_OR_RETURN(const ImageSet data, LoadData(Place(flags.data).folder, &settings, &console));
  GANSERVE_ASSIGN_OR_RETURN(JobDirectory job, OpenForFlags(flags, spec));
  return Concluded(TrainOn(data, settings, context, &job, &console), context, &job.history());
}

absl::Status CheckData(const TrainFlags& flags) {
  TrainConsole console(stdout);
  TrainSettings settings = SettingsOf(SpecOf(flags));
  return LoadData(Place(flags.data).folder, &settings, &console).status();
}

absl::Status InitJob(const TrainFlags& flags, const CommandContext& context) {
  const v1::TrainSpec spec = SpecOf(flags);
  const TrainSettings settings = SettingsOf(spec);
  UseTorchThreads(settings.threads);
  GANSERVE_ASSIGN_OR_RETURN(const std::string json, TrainSpecToJson(spec));
  GANSERVE_ASSIGN_OR_RETURN(JobDirectory job, JobDirectory::Create(flags.out, json));
  const Provenance origin{context.command_line, Place(flags.out).name, 0, UtcNow()};
  GANSERVE_RETURN_IF_ERROR(ExportUntrained(settings, origin, &job));
  return job.history().RecordEnd(kTrainerFinished, "");
}

absl::StatusOr<uint64_t> ExportJob(const ExportFlags& flags, const CommandContext& context) {
  GANSERVE_ASSIGN_OR_RETURN(const v1::TrainSpec spec, ReadSpec(flags.job_dir));
  const TrainSettings settings = SettingsOf(spec);
  const std::optional<JobHistory::Best> best = BestOf(flags.job_dir);
  GANSERVE_ASSIGN_OR_RETURN(const Checkpoint checkpoint, ChooseCheckpoint(flags, best));
  UseTorchThreads(settings.threads);
  Provenance origin{context.command_line, Place(flags.job_dir).name, checkpoint.step, UtcNow()};
  if (best && best->step == checkpoint.step) origin.fid = best->fid;
  GANSERVE_RETURN_IF_ERROR(ExportCheckpoint(settings, checkpoint, origin, flags.out));
  return checkpoint.step;
}

}  // namespace ganserve
