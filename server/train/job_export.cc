#include "server/train/job_export.h"

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/train/gan.h"
#include "server/train/generator_export.h"

namespace ganserve {
namespace {

absl::Status InFile(const Checkpoint& checkpoint, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(checkpoint.path, ": ", std::string(status.message())));
}

// The averaged generator; whether it has classes depends on the data, so the settings learn it from the checkpoint.
absl::StatusOr<std::shared_ptr<GeneratorNetwork>> GeneratorOf(const Checkpoint& checkpoint, TrainSettings* settings) {
  const absl::StatusOr<int> classes = Gan::ClassesOf(checkpoint.contents);
  if (!classes.ok()) return InFile(checkpoint, classes.status());
  settings->shape.classes = *classes;
  Gan gan(*settings);
  if (const absl::Status status = gan.Load(checkpoint.contents); !status.ok()) return InFile(checkpoint, status);
  return gan.AveragedGenerator(settings->seed);
}

}  // namespace

absl::Status ExportUntrained(const TrainSettings& settings, const Provenance& provenance, JobDirectory* job) try {
  const auto generator = Gan(settings).AveragedGenerator(settings.seed);
  return job->PublishExport(
      0, 0, [&](const std::string& path) { return ExportGenerator(*generator, path); },
      ModelJson(settings, provenance));
} catch (const std::exception& error) {
  return absl::InternalError(absl::StrCat("torch failed: ", error.what()));
}

absl::Status ExportCheckpoint(TrainSettings settings, const Checkpoint& checkpoint, const Provenance& provenance,
                              const std::string& out) try {
  GANSERVE_ASSIGN_OR_RETURN(const std::shared_ptr<GeneratorNetwork> generator, GeneratorOf(checkpoint, &settings));
  return PublishModelFolder(
      out, [&](const std::string& path) { return ExportGenerator(*generator, path); }, ModelJson(settings, provenance));
} catch (const std::exception& error) {
  return absl::InternalError(absl::StrCat("torch failed: ", error.what()));
}

}  // namespace ganserve
