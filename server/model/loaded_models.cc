#include "server/model/loaded_models.h"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/base/status_macros.h"

namespace ganserve {
namespace {

absl::StatusOr<std::shared_ptr<Generator>> LoadVersion(const LoadedModels::Options& options, const std::string& model,
                                                       uint64_t version) {
  GANSERVE_ASSIGN_OR_RETURN(const ModelSource source, ReadVersion(options.repository, model, version));
  return options.load(source);
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

// None is not an error even of several models: a promotion may have brought the second one, and the server must come
// back after it.
absl::Status CheckDefault(const std::string& wanted, const std::vector<std::string>& names) {
  if (wanted.empty() || names.empty() || std::find(names.begin(), names.end(), wanted) != names.end()) {
    return absl::OkStatus();
  }
  return absl::NotFoundError(absl::StrCat("default model '", wanted, "' is unknown; there are: ", Listed(names)));
}

// The model of the executable.
absl::StatusOr<LoadedModels::Table> LoadEmbedded(const LoadedModels::Options& options) {
  GANSERVE_ASSIGN_OR_RETURN(const ModelSource source, EmbeddedModel());
  GANSERVE_RETURN_IF_ERROR(CheckDefault(options.default_model, {source.model}));
  auto generator = options.load(source);
  if (!generator.ok()) return Refusal(source.model, source.version, generator.status());
  return LoadedModels::Table{{source.model, {{{source.version, *std::move(generator)}}, {}, source.version}}};
}

// The version on duty must load. One that is so only by being the newest, copied there by hand perhaps, gives way to
// the newest that loads: a server that starts shall not end for what one that runs refuses.
absl::StatusOr<LoadedModel> LoadModel(const LoadedModels::Options& options, const ModelFolder& folder,
                                      std::vector<LoadedModels::Refused>* refused) {
  LoadedModel model;
  model.on_duty = folder.on_duty;
  absl::Status fault;  // of the version on duty
  for (const uint64_t version : VersionsToLoad(folder, options.versions_per_model)) {
    auto generator = LoadVersion(options, folder.name, version);
    if (generator.ok()) {
      model.versions[version] = *std::move(generator);
      continue;
    }
    if (version == folder.on_duty) fault = Refusal(folder.name, version, generator.status());
    refused->push_back({folder.name, version, generator.status()});
  }
  if (!fault.ok()) {
    if (folder.on_duty_is_chosen || model.versions.empty()) return fault;
    model.on_duty = model.versions.rbegin()->first;
  }
  AddAliases(folder, &model);
  return model;
}

absl::StatusOr<LoadedModels::Table> LoadRepository(const LoadedModels::Options& options,
                                                   std::vector<LoadedModels::Refused>* refused) {
  GANSERVE_ASSIGN_OR_RETURN(const std::vector<ModelFolder> folders, ScanRepository(options.repository));
  std::vector<std::string> names;
  for (const ModelFolder& folder : folders) names.push_back(folder.name);
  // First, because loading may take minutes.
  GANSERVE_RETURN_IF_ERROR(CheckDefault(options.default_model, names));
  LoadedModels::Table table;
  for (const ModelFolder& folder : folders) {
    GANSERVE_ASSIGN_OR_RETURN(table[folder.name], LoadModel(options, folder, refused));
  }
  return table;
}

}  // namespace

void AddAliases(const ModelFolder& folder, LoadedModel* model) {
  for (const auto& [alias, version] : folder.aliases) {
    if (model->versions.contains(version)) model->aliases.emplace(alias, version);
  }
}

std::vector<uint64_t> VersionsToLoad(const ModelFolder& folder, size_t newest) {
  const size_t count = std::min(newest, folder.versions.size());
  std::set<uint64_t> versions(folder.versions.end() - static_cast<std::ptrdiff_t>(count), folder.versions.end());
  versions.insert(folder.on_duty);
  for (const auto& [alias, version] : folder.aliases) versions.insert(version);
  return {versions.begin(), versions.end()};
}

absl::StatusOr<std::unique_ptr<LoadedModels>> LoadedModels::Load(const Options& options,
                                                                 std::vector<Refused>* refused) {
  GANSERVE_ASSIGN_OR_RETURN(Table table,
                            options.repository.empty() ? LoadEmbedded(options) : LoadRepository(options, refused));
  auto loaded = std::unique_ptr<LoadedModels>(new LoadedModels(options.default_model));
  loaded->SetTable(std::move(table));
  return loaded;
}

void LoadedModels::SetTable(Table table) {
  auto next = std::make_shared<const Table>(std::move(table));
  MutexLock lock(mutex_);
  // Only the first model, for a second one must not change what requests without a name get.
  if (default_model_.empty() && next->size() == 1) default_model_ = next->begin()->first;
  table_.swap(next);  // the old one goes after the lock, if this was its last reference
}

std::string LoadedModels::default_model() const {
  MutexLock lock(mutex_);
  return default_model_;
}

bool LoadedModels::CanServe() const {
  MutexLock lock(mutex_);
  return default_model_.empty() ? !table_->empty() : table_->contains(default_model_);
}

std::shared_ptr<const LoadedModels::Table> LoadedModels::table() const {
  MutexLock lock(mutex_);
  return table_;
}

void LoadedModels::Replace(const std::string& name, LoadedModel model) {
  Table next = *table();
  next[name] = std::move(model);
  SetTable(std::move(next));
}

void LoadedModels::Remove(const std::string& model, uint64_t version) {
  LoadedModel rest = table()->at(model);
  rest.versions.erase(version);
  std::erase_if(rest.aliases, [version](const auto& alias) { return alias.second == version; });
  Replace(model, std::move(rest));
}

absl::StatusOr<std::shared_ptr<Generator>> LoadedModels::Find(std::string_view model, std::string_view version) const {
  const std::shared_ptr<const Table> models = table();
  if (models->empty()) return absl::UnavailableError("this server has no model yet: its repository is empty");
  const std::string name = model.empty() ? default_model() : std::string(model);
  if (name.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("model must be named, as this server has no --default-model; there are: ", ListedKeys(*models)));
  }
  const auto entry = models->find(name);
  if (entry == models->end()) {
    const std::string there_are = absl::StrCat("; there are: ", ListedKeys(*models));
    if (model.empty())
      return absl::UnavailableError(absl::StrCat("default model '", name, "' is not there yet", there_are));
    return absl::NotFoundError(absl::StrCat("model '", name, "' is unknown", there_are));
  }
  const LoadedModel& found = entry->second;
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
  const std::shared_ptr<const Table> models = table();
  std::vector<ModelVersion> list;
  for (const auto& [name, model] : *models) {
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
