#include "server/train/job_export.h"

#include "absl/strings/str_cat.h"
#include "server/train/dcgan.h"
#include "server/train/generator_export.h"

namespace ganserve {

absl::Status ExportUntrained(const TrainSettings& settings, const Provenance& provenance, JobDirectory* job) try {
  const DcganGenerator generator = Dcgan(OptionsOf(settings)).AveragedGenerator(settings.seed);
  return job->PublishExport(
      0, [&](const std::string& path) { return ExportGenerator(generator, path); }, ModelJson(settings, provenance));
} catch (const std::exception& error) {
  return absl::InternalError(absl::StrCat("torch failed: ", error.what()));
}

absl::Status ExportCheckpoint(const TrainSettings& settings, const Checkpoint& checkpoint, const Provenance& provenance,
                              const std::string& out) try {
  Dcgan gan(OptionsOf(settings));
  if (const absl::Status status = gan.Load(checkpoint.contents); !status.ok()) {
    return absl::Status(status.code(), absl::StrCat(checkpoint.path, ": ", status.message()));
  }
  const DcganGenerator generator = gan.AveragedGenerator(settings.seed);
  return PublishModelFolder(
      out, [&](const std::string& path) { return ExportGenerator(generator, path); }, ModelJson(settings, provenance));
} catch (const std::exception& error) {
  return absl::InternalError(absl::StrCat("torch failed: ", error.what()));
}

}  // namespace ganserve
