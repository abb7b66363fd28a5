#include "server/model/model_switch.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/model_name.h"
#include "server/base/publish.h"
#include "server/base/status_macros.h"
#include "server/log/log.h"
#include "server/model/alias_file.h"

namespace ganserve {
namespace {

// Each time another replica has taken the number. More than a few replicas do not promote in the same second.
constexpr int kMaxExportAttempts = 16;
constexpr std::chrono::hours kAbandoned{24};

// What is wrong with the repository's disk is no fault of the request and no lack of a caller's permission.
absl::Status StorageError(const absl::Status& status) {
  if (status.ok() || absl::IsResourceExhausted(status)) return status;
  return absl::FailedPreconditionError(status.message());
}

// Where the newest version is on duty because nothing else is said, the next one would be before it is checked.
absl::Status KeepOnDuty(const std::string& model_folder, uint64_t version) {
  const auto aliases = ReadAliasFile(model_folder);
  if (!aliases.ok()) return StorageError(aliases.status());
  return aliases->on_duty ? absl::OkStatus() : StorageError(WriteOnDuty(model_folder, version));
}

std::string FolderOf(const std::string& repository, const std::string& model) {
  return (std::filesystem::path(repository) / model).string();
}

void LogSwitch(const std::string& model, uint64_t before, uint64_t after) {
  Log(LogLevel::kInfo, "model version on duty", {{"model", model}, {"version", after}, {"before", before}});
}

}  // namespace

ModelSwitch::ModelSwitch(const Options& options, LoadedModels& models, ModelMetrics& metrics,
                         const std::vector<LoadedModels::Refused>& refused)
    : options_(options),
      models_(models),
      metrics_(metrics),
      preparer_({.repository = options.repository, .load = options.load, .warm_up = options.warm_up}) {
  for (const auto& version : refused) preparer_.Refuse(version.model, version.version);
  for (const auto& [name, model] : *models_.table()) {
    if (options_.repository.empty()) break;
    // A fault is told by the first Follow.
    if (const auto folder = ScanModel(options_.repository, name); folder.ok() && *folder) folders_[name] = **folder;
    // Of exports that were killed. Other servers may be at work on theirs.
    RemoveTemporaries(FolderOf(options_.repository, name), kAbandoned);
  }
  Publish();
  PublishRefused();
}

absl::Status ModelSwitch::CheckChange(const std::string& model) const {
  if (!IsModelName(model)) {
    return absl::InvalidArgumentError(
        absl::StrCat("model is '", model.substr(0, kMaxModelNameLength), "', must be ", ModelNameRule()));
  }
  if (!options_.repository.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "this server has no model repository, only the model that is part of it; start it with --models DIR");
}

absl::StatusOr<std::optional<ModelFolder>> ModelSwitch::Scan(const std::string& model) const {
  auto folder = ScanModel(options_.repository, model);
  if (!folder.ok()) return StorageError(folder.status());
  return folder;
}

absl::StatusOr<ModelFolder> ModelSwitch::FindFolder(const std::string& model, uint64_t version) const {
  GANSERVE_ASSIGN_OR_RETURN(auto folder, Scan(model));
  if (!folder) return absl::NotFoundError(absl::StrCat("model '", model, "' is not in the repository"));
  if (std::binary_search(folder->versions.begin(), folder->versions.end(), version)) return *std::move(folder);
  return absl::NotFoundError(
      absl::StrCat("model ", model, " has no version ", version, "; the newest is ", folder->versions.back()));
}

absl::StatusOr<StoredVersion> ModelSwitch::Activate(const std::string& model, uint64_t version) {
  GANSERVE_RETURN_IF_ERROR(CheckChange(model));
  auto activated = TryActivate(model, version);
  metrics_.CountSwitch(SwitchCause::kActivation, activated.ok());
  PublishRefused();
  return activated;
}

absl::StatusOr<StoredVersion> ModelSwitch::TryActivate(const std::string& model, uint64_t version) {
  GANSERVE_ASSIGN_OR_RETURN(ModelFolder folder, FindFolder(model, version));
  Ready ready;
  const LoadedModel* loaded = Loaded(model);
  if (loaded == nullptr || !loaded->versions.contains(version)) {
    GANSERVE_ASSIGN_OR_RETURN(ready[version], preparer_.Prepare(model, version));
  }
  GANSERVE_RETURN_IF_ERROR(StorageError(WriteOnDuty(FolderOf(options_.repository, model), version)));
  folder.on_duty = version;
  Adopt(folder, version, ready);
  const auto list = catalog_.List();
  const auto stored = std::find_if(list->begin(), list->end(), [&](const auto& entry) { return entry.name == model; });
  return *std::find_if(stored->versions.begin(), stored->versions.end(),
                       [version](const auto& entry) { return entry.version == version; });
}

absl::StatusOr<StoredVersion> ModelSwitch::Promote(const Promotion& promotion, const std::stop_token& stop) {
  GANSERVE_RETURN_IF_ERROR(CheckChange(promotion.model));
  if (options_.exporter == nullptr) {
    return absl::FailedPreconditionError("this server has no training jobs to promote from");
  }
  auto promoted = TryPromote(promotion, stop);
  metrics_.CountSwitch(SwitchCause::kPromotion, promoted.ok());
  PublishRefused();
  return promoted;
}

absl::StatusOr<StoredVersion> ModelSwitch::TryPromote(const Promotion& promotion, const std::stop_token& stop) {
  const std::string folder = FolderOf(options_.repository, promotion.model);
  GANSERVE_ASSIGN_OR_RETURN(const auto before, Scan(promotion.model));
  GANSERVE_RETURN_IF_ERROR(StorageError(MakeFolders(folder)));
  if (before) GANSERVE_RETURN_IF_ERROR(KeepOnDuty(folder, before->on_duty));
  const auto version = Export(promotion, stop);
  if (!version.ok()) {
    std::error_code holds_something;  // then it stays
    std::filesystem::remove(folder, holds_something);
    return version.status();
  }
  const absl::Status compared = CheckNotWorse(promotion, *version, stop);
  auto activated = compared.ok() ? TryActivate(promotion.model, *version) : compared;
  if (activated.ok()) return activated;
  if (const absl::Status left = DiscardVersion(options_.repository, promotion.model, *version); !left.ok()) {
    Log(LogLevel::kWarning, "refused version stays in the repository", {{"error", std::string(left.message())}});
  }
  return activated.status();
}

absl::Status ModelSwitch::CheckNotWorse(const Promotion& promotion, uint64_t version,
                                        const std::stop_token& stop) const {
  if (!promotion.only_if_not_worse) return absl::OkStatus();
  const LoadedModel* loaded = Loaded(promotion.model);
  if (loaded == nullptr || loaded->on_duty == 0) return absl::OkStatus();
  if (!options_.check_not_worse) {
    return absl::FailedPreconditionError("this server can't compare generators: it has no training jobs");
  }
  return options_.check_not_worse(promotion.job_id, VersionFolder(options_.repository, promotion.model, version),
                                  VersionFolder(options_.repository, promotion.model, loaded->on_duty), stop);
}

absl::StatusOr<uint64_t> ModelSwitch::Export(const Promotion& promotion, const std::stop_token& stop) {
  for (int attempt = 0; attempt < kMaxExportAttempts; ++attempt) {
    GANSERVE_ASSIGN_OR_RETURN(const uint64_t version, NextVersion(options_.repository, promotion.model));
    const auto step = options_.exporter->Export(promotion.job_id, promotion.checkpoint_step,
                                                VersionFolder(options_.repository, promotion.model, version), stop);
    if (step.ok()) {
      Log(LogLevel::kInfo, "generator exported",
          {{"job", promotion.job_id}, {"step", *step}, {"model", promotion.model}, {"version", version}});
      return version;
    }
    if (!absl::IsAlreadyExists(step.status())) return step.status();
  }
  return absl::AbortedError(absl::StrCat("other servers took the next version of model ", promotion.model, " ",
                                         kMaxExportAttempts, " times in a row; try again"));
}

absl::Status ModelSwitch::Delete(const std::string& model, uint64_t version) {
  GANSERVE_RETURN_IF_ERROR(CheckChange(model));
  GANSERVE_ASSIGN_OR_RETURN(ModelFolder folder, FindFolder(model, version));
  const LoadedModel* loaded = Loaded(model);
  if (loaded != nullptr && loaded->on_duty == version) {
    return absl::FailedPreconditionError(
        absl::StrCat("version ", version, " of model ", model, " is on duty; put another one on duty first"));
  }
  GANSERVE_RETURN_IF_ERROR(RemoveVersion(options_.repository, model, version));
  std::erase(folder.versions, version);
  if (loaded != nullptr) {
    Adopt(folder, loaded->on_duty, {});
  } else {
    folders_[model] = folder;
    Publish();
  }
  PublishRefused();
  return absl::OkStatus();
}

void ModelSwitch::Follow() {
  if (options_.repository.empty()) return;
  const auto names = FoldersOf(options_.repository);
  if (!names.ok()) return LogFault("", names.status());
  faults_.erase("");
  for (const std::string& name : *names) {
    const auto folder = ScanModel(options_.repository, name);
    if (!folder.ok()) {
      LogFault(name, folder.status());
    } else if (*folder) {
      faults_.erase(name);
      FollowModel(**folder);
    } else if (folders_.erase(name) > 0) {
      Publish();
    }
  }
  const std::set<std::string> present(names->begin(), names->end());
  if (std::erase_if(folders_, [&](const auto& folder) { return !present.contains(folder.first); }) > 0) Publish();
  PublishRefused();
}

void ModelSwitch::FollowModel(const ModelFolder& folder) {
  Ready ready;
  const LoadedModel* loaded = Loaded(folder.name);
  const uint64_t before = loaded == nullptr ? 0 : loaded->on_duty;
  const bool known_to_fail = preparer_.KnownToFail(folder.name, folder.on_duty);
  const bool usable = MakeReady(folder.name, folder.on_duty, &ready);
  if (!usable && !known_to_fail) metrics_.CountSwitch(SwitchCause::kFollowed, false);
  const uint64_t on_duty = usable ? folder.on_duty : before;
  if (on_duty == 0) {  // nothing of the model can be served
    if (SeenBefore(folder)) return;
    folders_[folder.name] = folder;
    return Publish();
  }
  // Before the other versions are loaded, which may take long.
  if (on_duty != before) {
    Adopt(folder, on_duty, ready);
    metrics_.CountSwitch(SwitchCause::kFollowed, true);
  }
  for (const uint64_t version : VersionsToLoad(folder, options_.versions_per_model)) {
    MakeReady(folder.name, version, &ready);
  }
  Adopt(folder, on_duty, ready);
}

bool ModelSwitch::MakeReady(const std::string& model, uint64_t version, Ready* ready) {
  const LoadedModel* loaded = Loaded(model);
  if (ready->contains(version) || (loaded != nullptr && loaded->versions.contains(version))) return true;
  if (preparer_.KnownToFail(model, version)) return false;
  auto generator = preparer_.Prepare(model, version);
  if (!generator.ok()) return false;
  ready->emplace(version, *std::move(generator));
  return true;
}

const LoadedModel* ModelSwitch::Loaded(const std::string& model) const {
  const auto table = models_.table();  // which only this object replaces
  const auto found = table->find(model);
  return found == table->end() ? nullptr : &found->second;
}

bool ModelSwitch::SeenBefore(const ModelFolder& folder) const {
  const auto known = folders_.find(folder.name);
  return known != folders_.end() && known->second == folder;
}

void ModelSwitch::Adopt(const ModelFolder& folder, uint64_t on_duty, const Ready& ready) {
  const LoadedModel* loaded = Loaded(folder.name);
  LoadedModel next{{}, {}, on_duty};
  const auto take = [&](uint64_t version) {
    if (const auto made = ready.find(version); made != ready.end()) {
      next.versions.insert(*made);
    } else if (loaded != nullptr && loaded->versions.contains(version)) {
      next.versions.insert(*loaded->versions.find(version));
    }
  };
  for (const uint64_t version : VersionsToLoad(folder, options_.versions_per_model)) take(version);
  take(on_duty);  // which may have left the folder
  AddAliases(folder, &next);
  if (loaded != nullptr && *loaded == next && SeenBefore(folder)) return;
  const uint64_t before = loaded == nullptr ? 0 : loaded->on_duty;
  folders_[folder.name] = folder;
  models_.Replace(folder.name, std::move(next));
  if (before != on_duty) LogSwitch(folder.name, before, on_duty);
  Publish();
}

void ModelSwitch::Publish() {
  const auto table = models_.table();
  catalog_.Update(options_.repository, folders_, *table);
  std::vector<ModelSeries> series;
  for (const auto& [name, model] : *table) {
    for (const auto& [number, generator] : model.versions) {
      series.push_back({name, number, generator->info().digest, number == model.on_duty});
    }
  }
  metrics_.SetModels(std::move(series));
  if (options_.changed) options_.changed();
}

void ModelSwitch::PublishRefused() {
  std::map<std::string, size_t> refused;
  for (const auto& [name, folder] : folders_) refused[name] = preparer_.CountKnownToFail(folder);
  metrics_.SetRefused(std::move(refused));
}

void ModelSwitch::LogFault(const std::string& folder, const absl::Status& fault) {
  std::string message(fault.message());
  if (faults_[folder] == message) return;
  faults_[folder] = message;
  Log(LogLevel::kWarning, "model repository not followed", {{"error", message}});
}

}  // namespace ganserve
