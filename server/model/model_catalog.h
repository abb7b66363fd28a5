// What ListModels and ListModelVersions answer.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "server/base/mutex.h"
#include "server/model/loaded_models.h"
#include "server/model/model_repository.h"
#include "server/serving/model_admin.h"

namespace ganserve {

// The models of the repository and those loaded, put together once for each change and handed out to any thread.
class ModelCatalog {
 public:
  // Of the folders seen last, by name; from one thread at a time. `repository` may be empty.
  void Update(const std::string& repository, const std::map<std::string, ModelFolder>& folders,
              const LoadedModels::Table& loaded);

  std::shared_ptr<const ModelAdmin::Models> List() const;

 private:
  struct Origin {
    std::string job_id;
    uint64_t step = 0;
  };
  using Origins = std::map<std::pair<std::string, uint64_t>, Origin>;

  // Versions are immutable, so a model.json is read once.
  Origin OriginOf(const std::string& repository, const std::string& model, uint64_t version) const;

  Origins origins_;  // of the versions in the list

  mutable Mutex mutex_;
  std::shared_ptr<const ModelAdmin::Models> models_ ABSL_GUARDED_BY(mutex_) =
      std::make_shared<const ModelAdmin::Models>();
};

}  // namespace ganserve
