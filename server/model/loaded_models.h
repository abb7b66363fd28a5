// The models that a server holds in memory.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/mutex.h"
#include "server/model/model_loader.h"
#include "server/model/model_repository.h"
#include "server/serving/model_directory.h"

namespace ganserve {

// The loaded versions of a model, at least the one on duty.
struct LoadedModel {
  std::map<uint64_t, std::shared_ptr<Generator>> versions;
  std::map<std::string, uint64_t, std::less<>> aliases;  // of loaded versions
  uint64_t on_duty = 0;

  bool operator==(const LoadedModel&) const = default;
};

// From files to a generator that has been checked: LoadTorchGenerator, or a fake.
using GeneratorLoader = std::function<absl::StatusOr<std::shared_ptr<Generator>>(const ModelSource&)>;

// Which versions of a model are to be loaded: the `newest`, the one on duty, and those that an alias names. Ascending.
std::vector<uint64_t> VersionsToLoad(const ModelFolder& folder, size_t newest);

// Gives a model those of its folder's aliases whose version is loaded.
void AddAliases(const ModelFolder& folder, LoadedModel* model);

// What is found is immutable, and replaced as a whole by one writer: readers take a reference to it under the lock and
// look around without. A version that is replaced lives until the last request that found it ends.
class LoadedModels final : public ModelDirectory {
 public:
  struct Options {
    // Folder of the repository; empty: the model that is part of the executable.
    std::string repository;
    // What a request without a model name gets; empty: the only model. Of several, one must be named. Of an empty
    // repository it may be one that is still to come, or is the first that comes.
    std::string default_model;
    // Newest versions of each model that are loaded; those on duty and those with an alias are loaded as well. 1 or
    // more.
    size_t versions_per_model = 4;
    GeneratorLoader load;
  };

  // A version that was left out, and why.
  struct Refused {
    std::string model;
    uint64_t version = 0;
    absl::Status status;
  };

  using Table = std::map<std::string, LoadedModel, std::less<>>;

  // Loads and checks every model. A version that fails is appended to *refused. If aliases.json puts it on duty, or no
  // other loads, that is the error, which names the model, the version and the cause; else the newest that loads is on
  // duty.
  static absl::StatusOr<std::unique_ptr<LoadedModels>> Load(const Options& options, std::vector<Refused>* refused);

  // From one thread at a time. Replace takes a model with all its versions, or a new one; Remove drops a version that
  // is not on duty, with its aliases.
  void Replace(const std::string& name, LoadedModel model);
  void Remove(const std::string& model, uint64_t version);

  // What is loaded now. Any thread.
  std::shared_ptr<const Table> table() const;

  absl::StatusOr<std::shared_ptr<Generator>> Find(std::string_view model, std::string_view version) const override;
  std::vector<ModelVersion> List() const override;
  std::string default_model() const override;

  // Whether a request that names no model is answered, or, where it must name one, any request. Any thread.
  bool CanServe() const;

 private:
  explicit LoadedModels(std::string default_model) : default_model_(std::move(default_model)) {}

  void SetTable(Table table);

  mutable Mutex mutex_;
  std::shared_ptr<const Table> table_ ABSL_GUARDED_BY(mutex_);
  std::string default_model_ ABSL_GUARDED_BY(mutex_);  // changes once, if at all: when the first model comes
};

}  // namespace ganserve
