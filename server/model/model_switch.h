// Puts versions of models on duty while others are served.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/model/loaded_models.h"
#include "server/model/model_catalog.h"
#include "server/model/model_repository.h"
#include "server/model/version_preparer.h"
#include "server/serving/generator_exporter.h"
#include "server/serving/model_admin.h"
#include "server/serving/model_metrics.h"

namespace ganserve {

// Measures two versions' folders, {model.pt, model.json}, alike, on the data of a job. Blocks, for up to a minute;
// ends early, with UNAVAILABLE, once `stop` is requested.
//   FAILED_PRECONDITION  the candidate is worse, by more than chance explains; or they can't be compared
//   NOT_FOUND            no such job
using CheckNotWorseFunction = std::function<absl::Status(const std::string& job_id, const std::string& candidate,
                                                         const std::string& incumbent, const std::stop_token& stop)>;

// A version goes on duty in this order: loaded, checked, warm on every worker; written to aliases.json, which tells the
// other replicas and the next start; then one exchange of what LoadedModels finds. Whatever fails before the exchange
// leaves the version on duty as it was. The methods block, for as long as loading takes; one thread at a time, List
// from any.
class ModelSwitch {
 public:
  struct Options {
    // Empty: the models are those of the executable, and every change is FAILED_PRECONDITION.
    std::string repository;
    size_t versions_per_model = 4;  // as of LoadedModels::Options
    GeneratorLoader load;
    std::function<absl::Status(Generator&)> warm_up;
    // nullptr: there are no jobs to promote from.
    GeneratorExporter* exporter = nullptr;
    // Of promotions that ask for it; empty: such ones are FAILED_PRECONDITION.
    CheckNotWorseFunction check_not_worse;
    // Called when other versions are loaded or on duty than before, on the thread that has changed it; empty: nobody
    // wants to know.
    std::function<void()> changed = nullptr;
  };

  // `models`, `metrics` and the exporter outlive it. `refused` are versions that the start refused already.
  ModelSwitch(const Options& options, LoadedModels& models, ModelMetrics& metrics,
              const std::vector<LoadedModels::Refused>& refused);

  // As ModelAdmin's.
  std::shared_ptr<const ModelAdmin::Models> List() const { return catalog_.List(); }
  absl::StatusOr<StoredVersion> Activate(const std::string& model, uint64_t version);
  absl::StatusOr<StoredVersion> Promote(const Promotion& promotion, const std::stop_token& stop);
  absl::Status Delete(const std::string& model, uint64_t version);

  // Looks at the repository and does what it says: loads what is newly on duty and puts it there, loads other new
  // versions, drops those that are gone. What is refused, or a broken aliases.json, is logged once, and what is on duty
  // stays.
  void Follow();

 private:
  using Ready = std::map<uint64_t, std::shared_ptr<Generator>>;

  // Whether there is a repository, and `model` is a name and so no path out of it.
  absl::Status CheckChange(const std::string& model) const;
  // ScanModel; what is wrong with the repository is no fault of the request.
  absl::StatusOr<std::optional<ModelFolder>> Scan(const std::string& model) const;
  // NOT_FOUND for a model or a version that is not there.
  absl::StatusOr<ModelFolder> FindFolder(const std::string& model, uint64_t version) const;
  absl::StatusOr<StoredVersion> TryActivate(const std::string& model, uint64_t version);
  absl::StatusOr<StoredVersion> TryPromote(const Promotion& promotion, const std::stop_token& stop);
  // Whether the promotion asks for no comparison, or `version` is not worse than the one on duty.
  absl::Status CheckNotWorse(const Promotion& promotion, uint64_t version, const std::stop_token& stop) const;
  // The version that was written, into a folder that is there.
  absl::StatusOr<uint64_t> Export(const Promotion& promotion, const std::stop_token& stop);

  void FollowModel(const ModelFolder& folder);
  // Appends the version to *ready unless it is loaded already, or is known to fail, or fails. Whether it is usable.
  bool MakeReady(const std::string& model, uint64_t version, Ready* ready);
  // Whether the folder was just so when it was last looked at.
  bool SeenBefore(const ModelFolder& folder) const;
  // nullptr if nothing of the model is loaded. Valid until the next change.
  const LoadedModel* Loaded(const std::string& model) const;
  // The model is now what its folder says, as far as it is ready or loaded, with `on_duty` on duty.
  void Adopt(const ModelFolder& folder, uint64_t on_duty, const Ready& ready);
  void Publish();
  // Which versions are refused may have changed.
  void PublishRefused();
  // Once for each different fault of a folder.
  void LogFault(const std::string& folder, const absl::Status& fault);

  const Options options_;
  LoadedModels& models_;
  ModelMetrics& metrics_;
  VersionPreparer preparer_;
  ModelCatalog catalog_;
  std::map<std::string, ModelFolder> folders_;  // as seen last
  std::map<std::string, std::string> faults_;   // logged, by folder
};

}  // namespace ganserve
