#include "server/model/loaded_models.h"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/base/status_macros.h"
#include "server/model/model_loader.h"
#include "server/model/model_repository.h"

namespace ganserve {
namespace {

// What is loaded of a model: the newest versions, the one on duty, and those that an alias names.
std::set<uint64_t> VersionsToLoad(const ModelFolder& folder, size_t newest) {
  const size_t count = std::min(newest, folder.versions.size());
  std::set<uint64_t> versions(folder.versions.end() - static_cast<std::ptrdiff_t>(count), folder.versions.end());
  versions.insert(folder.on_duty);
  for (const auto& [alias, version] : folder.aliases) versions.insert(version);
  return versions;
}

absl::StatusOr<std::shared_ptr<Generator>> LoadVersion(const LoadedModels::Options& options, const std::string& model,
                                                       uint64_t version) {
  GANSERVE_ASSIGN_OR_RETURN(const ModelSource source, ReadVersion(options.repository, model, version));
  return LoadTorchGenerator(source, options.device);
}

absl::Status Refusal(const std::string& model, uint64_t version, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat("model ", model, " version ", version, ": ", status.message()));
}

// "a, b, c" or "a, b, c and 7 more": an error message must stay well below the 8 KiB that a client takes as metadata.
std::string Listed(const std::vector<std::string>& names) {
  constexpr size_t kMaxListed = 20;  // names of at most kMaxModelNameLength
  if (names.size() <= kMaxListed) return absl::StrJoin(names, ", ");
  const auto end = names.begin() + kMaxListed;
  return absl::StrCat(absl::StrJoin(names.begin(), end, ", "), " and ", names.size() - kMaxListed, " more");
}

template <typename... Maps>
std::string ListedKeys(const Maps&... maps) {
  std::vector<std::string> keys;
  const auto append = [&keys](const auto& map) {
    for (const auto& entry : map) keys.push_back(absl::StrCat(entry.first));
  };
  (append(maps), ...);
  return Listed(keys);
}

}  // namespace

absl::StatusOr<std::unique_ptr<LoadedModels>> LoadedModels::Load(const Options& options,
                                                                 std::vector<Refused>* refused) {
  auto loaded = std::unique_ptr<LoadedModels>(new LoadedModels());
  GANSERVE_RETURN_IF_ERROR(options.repository.empty() ? loaded->LoadEmbedded(options)
                                                      : loaded->LoadRepository(options, refused));
  return loaded;
}

absl::Status LoadedModels::LoadEmbedded(const Options& options) {
  GANSERVE_ASSIGN_OR_RETURN(const ModelSource source, EmbeddedModel());
  auto generator = LoadTorchGenerator(source, options.device);
  if (!generator.ok()) return Refusal(source.model, source.version, generator.status());
  models_[source.model] = {{{source.version, *std::move(generator)}}, {}, source.version};
  return ChooseDefault(options);
}

absl::Status LoadedModels::LoadRepository(const Options& options, std::vector<Refused>* refused) {
  GANSERVE_ASSIGN_OR_RETURN(const std::vector<ModelFolder> folders, ScanRepository(options.repository));
  for (const ModelFolder& folder : folders) models_[folder.name].on_duty = folder.on_duty;
  GANSERVE_RETURN_IF_ERROR(ChooseDefault(options));  // loading may take minutes
  for (const ModelFolder& folder : folders) {
    Model& model = models_[folder.name];
    for (const uint64_t version : VersionsToLoad(folder, options.versions_per_model)) {
      auto generator = LoadVersion(options, folder.name, version);
      if (generator.ok()) {
        model.versions[version] = *std::move(generator);
      } else if (version == folder.on_duty) {
        return Refusal(folder.name, version, generator.status());
      } else {
        refused->push_back({folder.name, version, generator.status()});
      }
    }
    for (const auto& [alias, version] : folder.aliases) {
      if (model.versions.contains(version)) model.aliases.emplace(alias, version);
    }
  }
  return absl::OkStatus();
}

absl::Status LoadedModels::ChooseDefault(const Options& options) {
  if (options.default_model.empty() && models_.size() > 1) {
    return absl::FailedPreconditionError(
        absl::StrCat("there are several models, so --default-model must name one of: ", ListedKeys(models_)));
  }
  default_model_ = options.default_model.empty() ? models_.begin()->first : options.default_model;
  if (models_.contains(default_model_)) return absl::OkStatus();
  return absl::NotFoundError(
      absl::StrCat("default model '", default_model_, "' is unknown; there are: ", ListedKeys(models_)));
}

void LoadedModels::Remove(const std::string& model, uint64_t version) {
  Model& found = models_.at(model);
  found.versions.erase(version);
  std::erase_if(found.aliases, [version](const auto& alias) { return alias.second == version; });
}

absl::StatusOr<std::shared_ptr<Generator>> LoadedModels::Find(std::string_view model, std::string_view version) const {
  const auto entry = models_.find(model.empty() ? std::string_view(default_model_) : model);
  if (entry == models_.end()) {
    return absl::NotFoundError(
        absl::StrCat("model '", std::string(model), "' is unknown; there are: ", ListedKeys(models_)));
  }
  const Model& found = entry->second;
  if (version.empty()) return found.versions.at(found.on_duty);
  if (const auto alias = found.aliases.find(version); alias != found.aliases.end()) {
    return found.versions.at(alias->second);
  }
  uint64_t number = 0;
  // One number has one name: "007" and "+7" are unknown.
  if (absl::SimpleAtoi(std::string(version), &number) && absl::StrCat(number) == std::string(version)) {
    if (const auto numbered = found.versions.find(number); numbered != found.versions.end()) return numbered->second;
  }
  return absl::NotFoundError(absl::StrCat("version '", std::string(version), "' of model ", entry->first,
                                          " is unknown; there are: ", ListedKeys(found.versions, found.aliases)));
}

std::vector<ModelVersion> LoadedModels::List() const {
  std::vector<ModelVersion> list;
  for (const auto& [name, model] : models_) {
    for (const auto& [number, generator] : model.versions) {
      ModelVersion version{generator, {}, number == model.on_duty};
      for (const auto& [alias, target] : model.aliases) {
        if (target == number) version.aliases.push_back(alias);
      }
      list.push_back(std::move(version));
    }
  }
  return list;
}

}  // namespace ganserve
