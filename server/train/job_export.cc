#include "server/train/job_export.h"

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/train/checkpoint_gan.h"
#include "server/train/generator_export.h"

namespace ganserve {

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
  GANSERVE_ASSIGN_OR_RETURN(const std::shared_ptr<GeneratorNetwork> generator,
                            AveragedGeneratorOf(checkpoint, &settings));
  return PublishModelFolder(
      out, [&](const std::string& path) { return ExportGenerator(*generator, path); }, ModelJson(settings, provenance));
} catch (const std::exception& error) {
  return absl::InternalError(absl::StrCat("torch failed: ", error.what()));
}

}  // namespace ganserve
