// The models that a server holds in memory.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/model/device.h"
#include "server/serving/model_directory.h"

namespace ganserve {

// Immutable after Load, so it needs no lock.
class LoadedModels final : public ModelDirectory {
 public:
  struct Options {
    // Folder of the repository; empty: the model that is part of the executable.
    std::string repository;
    // What a request without a model name gets; empty: the only model. Of several, one must be named.
    std::string default_model;
    // Newest versions of each model that are loaded; those on duty and those with an alias are loaded as well. 1 or
    // more.
    size_t versions_per_model = 4;
    Device device;
  };

  // A version that was left out, and why.
  struct Refused {
    std::string model;
    uint64_t version = 0;
    absl::Status status;
  };

  // Loads and checks every model. A version that fails is appended to *refused, unless it is on duty: then that is the
  // error, which names the model, the version and the cause.
  static absl::StatusOr<std::unique_ptr<LoadedModels>> Load(const Options& options, std::vector<Refused>* refused);

  // Drops a version that is not on duty, with its aliases. Before any other thread uses the object.
  void Remove(const std::string& model, uint64_t version);

  absl::StatusOr<std::shared_ptr<Generator>> Find(std::string_view model, std::string_view version) const override;
  std::vector<ModelVersion> List() const override;
  const std::string& default_model() const override { return default_model_; }

 private:
  struct Model {
    std::map<uint64_t, std::shared_ptr<Generator>> versions;
    std::map<std::string, uint64_t, std::less<>> aliases;  // of loaded versions
    uint64_t on_duty = 0;
  };

  LoadedModels() = default;

  absl::Status LoadEmbedded(const Options& options);
  absl::Status LoadRepository(const Options& options, std::vector<Refused>* refused);
  // Of the names in models_, which need not be loaded yet.
  absl::Status ChooseDefault(const Options& options);

  std::map<std::string, Model, std::less<>> models_;
  std::string default_model_;
};

}  // namespace ganserve
