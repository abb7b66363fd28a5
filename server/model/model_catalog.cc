#include "server/model/model_catalog.h"

#include <set>

namespace ganserve {
namespace {

// Either may be missing: a folder of which nothing could be loaded, and a model whose folder has gone, or never was.
StoredModel Describe(const std::string& name, const ModelFolder* folder, const LoadedModel* loaded) {
  StoredModel model{name, loaded == nullptr ? 0 : loaded->on_duty, {}};
  std::set<uint64_t> numbers;
  if (folder != nullptr) numbers.insert(folder->versions.begin(), folder->versions.end());
  if (loaded != nullptr) {
    for (const auto& [number, generator] : loaded->versions) numbers.insert(number);
  }
  for (const uint64_t number : numbers) {
    StoredVersion version;
    version.model = name;
    version.version = number;
    version.on_duty = number == model.on_duty;
    if (loaded != nullptr && loaded->versions.contains(number)) {
      version.loaded = true;
      version.digest = loaded->versions.at(number)->info().digest;
    }
    if (folder != nullptr) {
      for (const auto& [alias, target] : folder->aliases) {
        if (target == number) version.aliases.push_back(alias);
      }
    }
    model.versions.push_back(std::move(version));
  }
  return model;
}

template <typename Map>
const typename Map::mapped_type* FindIn(const Map& map, const std::string& name) {
  const auto found = map.find(name);
  return found == map.end() ? nullptr : &found->second;
}

}  // namespace

ModelCatalog::Origin ModelCatalog::OriginOf(const std::string& repository, const std::string& model,
                                            uint64_t version) const {
  if (const auto known = origins_.find({model, version}); known != origins_.end()) return known->second;
  if (repository.empty()) return {};
  const auto config = ReadConfig(repository, model, version);
  return config.ok() ? Origin{config->job_id, config->step} : Origin{};
}

void ModelCatalog::Update(const std::string& repository, const std::map<std::string, ModelFolder>& folders,
                          const LoadedModels::Table& loaded) {
  std::set<std::string> names;
  for (const auto& [name, folder] : folders) names.insert(name);
  for (const auto& [name, model] : loaded) names.insert(name);
  ModelAdmin::Models models;
  Origins origins;
  for (const std::string& name : names) {
    StoredModel& model = models.emplace_back(Describe(name, FindIn(folders, name), FindIn(loaded, name)));
    for (StoredVersion& version : model.versions) {
      const Origin& origin = origins[{name, version.version}] = OriginOf(repository, name, version.version);
      version.job_id = origin.job_id;
      version.step = origin.step;
    }
  }
  origins_ = std::move(origins);
  auto next = std::make_shared<const ModelAdmin::Models>(std::move(models));
  MutexLock lock(mutex_);
  models_.swap(next);
}

std::shared_ptr<const ModelAdmin::Models> ModelCatalog::List() const {
  MutexLock lock(mutex_);
  return models_;
}

}  // namespace ganserve
