#include "server/model/version_preparer.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/log/log.h"

namespace ganserve {

absl::StatusOr<std::shared_ptr<Generator>> VersionPreparer::LoadAndWarm(const std::string& model,
                                                                        uint64_t version) const {
  GANSERVE_ASSIGN_OR_RETURN(const ModelSource source, ReadVersion(options_.repository, model, version));
  GANSERVE_ASSIGN_OR_RETURN(std::shared_ptr<Generator> generator, options_.load(source));
  if (const absl::Status status = options_.warm_up(*generator); !status.ok()) {
    return absl::Status(status.code(), absl::StrCat("warm-up failed: ", status.message()));
  }
  return generator;
}

absl::StatusOr<std::shared_ptr<Generator>> VersionPreparer::Prepare(const std::string& model, uint64_t version) {
  // Before its files are read: what changes meanwhile is tried again.
  const VersionStamp stamp = StampOfVersion(options_.repository, model, version);
  const auto start = std::chrono::steady_clock::now();
  auto generator = LoadAndWarm(model, version);
  if (generator.ok()) {
    refused_.erase({model, version});
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    Log(LogLevel::kInfo, "model loaded",
        {{"model", model},
         {"version", version},
         {"digest", (*generator)->info().digest},
         {"seconds", elapsed.count()}});
    return generator;
  }
  const std::string fault = absl::StrCat("model ", model, " version ", version, ": ", generator.status().message());
  if (absl::IsUnavailable(generator.status())) return absl::UnavailableError(fault);
  refused_[{model, version}] = stamp;
  Log(LogLevel::kWarning, "model version refused",
      {{"model", model}, {"version", version}, {"error", std::string(generator.status().message())}});
  return absl::FailedPreconditionError(fault);
}

bool VersionPreparer::KnownToFail(const std::string& model, uint64_t version) const {
  const auto found = refused_.find({model, version});
  return found != refused_.end() && found->second == StampOfVersion(options_.repository, model, version);
}

size_t VersionPreparer::CountKnownToFail(const ModelFolder& folder) const {
  const auto known = [&](uint64_t version) { return KnownToFail(folder.name, version); };
  return static_cast<size_t>(std::ranges::count_if(folder.versions, known));
}

void VersionPreparer::Refuse(const std::string& model, uint64_t version) {
  refused_[{model, version}] = StampOfVersion(options_.repository, model, version);
}

}  // namespace ganserve
