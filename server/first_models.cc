#include "server/first_models.h"

#include <chrono>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/log/log.h"
#include "server/model/model_loader.h"

namespace ganserve {
namespace {

void LogRefused(const std::string& model, uint64_t version, const std::string& error) {
  Log(LogLevel::kWarning, "model version refused", {{"model", model}, {"version", version}, {"error", error}});
}

}  // namespace

GeneratorLoader LoaderFor(const Device& device) {
  return [device](const ModelSource& source) { return LoadTorchGenerator(source, device); };
}

absl::StatusOr<std::unique_ptr<LoadedModels>> LoadModels(const ServerOptions& options, const Device& device,
                                                         std::vector<LoadedModels::Refused>* refused) {
  auto models = LoadedModels::Load({.repository = options.models,
                                    .default_model = options.default_model,
                                    .versions_per_model = static_cast<size_t>(options.versions_per_model),
                                    .load = LoaderFor(device)},
                                   refused);
  if (models.ok() && (*models)->table()->size() > 1 && (*models)->default_model().empty()) {
    Log(LogLevel::kWarning, "several models and no --default-model: requests that name no model are refused");
  }
  for (const auto& version : *refused) {
    LogRefused(version.model, version.version, std::string(version.status.message()));
  }
  return models;
}

absl::StatusOr<std::vector<ModelVersion>> VersionsToPlanFor(const LoadedModels& models, const Device& device) {
  std::vector<ModelVersion> versions = models.List();
  if (!versions.empty()) return versions;
  GANSERVE_ASSIGN_OR_RETURN(const ModelSource source, EmbeddedModel());
  GANSERVE_ASSIGN_OR_RETURN(auto generator, LoadTorchGenerator(source, device));
  versions.push_back({std::move(generator), {}, true});
  return versions;
}

absl::Status WarmUp(Batcher& batcher, LoadedModels& models, std::vector<LoadedModels::Refused>* refused) {
  for (const ModelVersion& version : models.List()) {
    const GeneratorInfo& info = version.generator->info();
    const auto start = std::chrono::steady_clock::now();
    if (const absl::Status status = batcher.WarmUp(*version.generator); !status.ok()) {
      const std::string fault = absl::StrCat("warm-up failed: ", status.message());
      if (version.on_duty) {
        return absl::Status(status.code(), absl::StrCat("model ", info.model, " version ", info.version, ": ", fault));
      }
      LogRefused(info.model, info.version, fault);
      refused->push_back({info.model, info.version, status});
      models.Remove(info.model, info.version);
      continue;
    }
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    Log(LogLevel::kInfo, "model loaded",
        {{"model", info.model},
         {"version", info.version},
         {"on_duty", version.on_duty},
         {"image", absl::StrCat(info.shape.width, "x", info.shape.height, "x", info.shape.channels)},
         {"latent_size", info.latent_size},
         {"classes", info.classes},
         {"digest", info.digest},
         {"warm_up_seconds", elapsed.count()}});
  }
  return absl::OkStatus();
}

}  // namespace ganserve
