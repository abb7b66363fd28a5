// A repository in a temporary folder, and a ModelSwitch on it whose generators are fakes.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/model/model_switch.h"
#include "tests/support/fake_exporter.h"
#include "tests/support/fake_generator.h"
#include "tests/support/temporary_folder.h"

namespace ganserve {

class RecordingModelMetrics final : public ModelMetrics {
 public:
  void SetModels(std::vector<ModelSeries> models) override { series = std::move(models); }
  void SetRefused(std::map<std::string, size_t> by_model) override { refused = std::move(by_model); }
  void CountSwitch(SwitchCause cause, bool succeeded) override { ++counts[{cause, succeeded}]; }

  std::vector<ModelSeries> series;
  std::map<std::string, size_t> refused;
  std::map<std::pair<SwitchCause, bool>, int> counts;
};

// What one server holds. Archives that say "bad" do not load, those that say "cold" fail their warm-up.
class Replica {
 public:
  Replica(const std::string& repository, size_t versions_per_model, GeneratorExporter* exporter,
          CheckNotWorseFunction check_not_worse) {
    const auto load = [this](const ModelSource& source) -> absl::StatusOr<std::shared_ptr<Generator>> {
      ++loads;
      if (source.archive.find("bad") != std::string::npos) return absl::InvalidArgumentError("not an archive");
      GeneratorInfo info = SmallModel();
      info.model = source.model;
      info.version = source.version;
      info.digest = source.archive;
      return std::make_shared<FakeGenerator>(info);
    };
    const auto warm_up = [this](Generator& generator) -> absl::Status {
      if (on_warm_up) on_warm_up(generator);
      if (generator.info().digest.find("cold") != std::string::npos) return absl::InternalError("not finite");
      return absl::OkStatus();
    };
    std::vector<LoadedModels::Refused> refused;
    auto loaded = LoadedModels::Load(
        {.repository = repository, .default_model = "shoes", .versions_per_model = versions_per_model, .load = load},
        &refused);
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    models = *std::move(loaded);
    change = std::make_unique<ModelSwitch>(ModelSwitch::Options{.repository = repository,
                                                                .versions_per_model = versions_per_model,
                                                                .load = load,
                                                                .warm_up = warm_up,
                                                                .exporter = exporter,
                                                                .check_not_worse = std::move(check_not_worse)},
                                           *models, metrics, refused);
  }

  // The number that a request gets which names no version; 0 if there is no such model.
  uint64_t OnDuty(const std::string& model = "shoes") const { return Find(model, ""); }
  uint64_t Find(const std::string& model, const std::string& version) const {
    const auto generator = models->Find(model, version);
    return generator.ok() ? (*generator)->info().version : 0;
  }
  std::vector<uint64_t> Loaded(const std::string& model = "shoes") const {
    std::vector<uint64_t> versions;
    for (const auto& [version, generator] : models->table()->at(model).versions) versions.push_back(version);
    return versions;
  }
  int Switches(SwitchCause cause, bool succeeded) { return metrics.counts[{cause, succeeded}]; }

  int loads = 0;
  std::function<void(Generator&)> on_warm_up;
  RecordingModelMetrics metrics;
  std::unique_ptr<LoadedModels> models;
  std::unique_ptr<ModelSwitch> change;
};

// Finds what a test tells it to.
struct FakeComparer {
  struct Call {
    std::string job_id;
    std::string candidate;
    std::string incumbent;
  };

  CheckNotWorseFunction Function() {
    return [this](const std::string& job_id, const std::string& candidate, const std::string& incumbent,
                  const std::stop_token&) {
      calls.push_back({job_id, candidate, incumbent});
      return status;
    };
  }

  absl::Status status;
  std::vector<Call> calls;
};

class ModelSwitchFixture : public testing::Test {
 protected:
  void AddVersion(uint64_t version, const std::string& archive = "archive", const std::string& model = "shoes") const {
    const std::string folder = model + "/" + std::to_string(version);
    std::filesystem::create_directories(root_.File(folder));
    root_.Write(folder + "/model.pt", archive);
  }
  void WriteAliases(const std::string& json) const { root_.Write("shoes/aliases.json", json); }
  std::string Aliases(const std::string& model = "shoes") const {
    return ReadWhole(root_.File(model + "/aliases.json"));
  }
  bool Exists(const std::string& path) const { return std::filesystem::exists(root_.File(path)); }
  void Remove(const std::string& path) const { std::filesystem::remove_all(root_.File(path)); }

  std::unique_ptr<Replica> Start(size_t versions_per_model = 4) {
    return std::make_unique<Replica>(root_.path(), versions_per_model, &exporter_, comparer_.Function());
  }

  TemporaryFolder root_;
  FakeExporter exporter_;
  FakeComparer comparer_;
};

}  // namespace ganserve
