#include "server/model/model_repository.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/base/model_name.h"
#include "server/base/publish.h"
#include "server/base/status_macros.h"
#include "server/log/log.h"
#include "server/model/alias_file.h"
#include "server/model/repository_file.h"

namespace ganserve {
namespace {

namespace fs = std::filesystem;

// The number of a version folder; other folders are not ours. "007" is not a version: one number has one name.
std::optional<uint64_t> VersionNumber(const std::string& name) {
  uint64_t version = 0;
  if (!absl::SimpleAtoi(name, &version) || version == 0 || absl::StrCat(version) != name) return std::nullopt;
  return version;
}

// Of those that are models' or versions', and others.
absl::StatusOr<std::vector<std::string>> FolderNames(const fs::path& root) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(root, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code gone;  // between the listing and this look
    if (entry->is_directory(gone)) names.push_back(entry->path().filename().string());
  }
  if (error) {
    return absl::FailedPreconditionError(absl::StrCat(root.string(), ": cannot be read: ", error.message()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Ascending.
absl::StatusOr<std::vector<uint64_t>> VersionsIn(const fs::path& model_folder) {
  GANSERVE_ASSIGN_OR_RETURN(const auto names, FolderNames(model_folder));
  std::vector<uint64_t> versions;
  for (const std::string& name : names) {
    if (const auto version = VersionNumber(name)) versions.push_back(*version);
  }
  std::sort(versions.begin(), versions.end());
  return versions;
}

// That aliases.json names versions that are there.
absl::Status CheckAliases(const fs::path& path, const ModelFolder& model) {
  const auto check = [&](const std::string& name, uint64_t version) -> absl::Status {
    if (std::binary_search(model.versions.begin(), model.versions.end(), version)) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat((path / "aliases.json").string(), ": ", name, " is ", version,
                                                   ", which is no version of this model"));
  };
  GANSERVE_RETURN_IF_ERROR(check("on_duty", model.on_duty));
  for (const auto& [alias, version] : model.aliases) GANSERVE_RETURN_IF_ERROR(check(alias, version));
  return absl::OkStatus();
}

// Why a version of the model cannot be removed; OK if it can be.
absl::Status CheckUnused(const ModelFolder& model, uint64_t version) {
  if (model.on_duty == version) {
    return absl::FailedPreconditionError(
        absl::StrCat("version ", version, " of model ", model.name, " is on duty; put another one on duty first"));
  }
  for (const auto& [alias, target] : model.aliases) {
    if (target != version) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("version ", version, " of model ", model.name, " carries the alias '", alias, "'"));
  }
  return absl::OkStatus();
}

absl::Status RenameFolder(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (!error) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(from.string(), ": cannot be removed: ", error.message()));
}

// Gives a version's folder a name that is no version's, and keeps its number from being given again.
absl::StatusOr<fs::path> MoveAway(const std::string& root, const std::string& model, uint64_t version) {
  const fs::path folder = VersionFolder(root, model, version);
  const std::string model_folder = folder.parent_path().string();
  GANSERVE_ASSIGN_OR_RETURN(const AliasFile aliases, ReadAliasFile(model_folder));
  GANSERVE_RETURN_IF_ERROR(WriteLastVersion(model_folder, std::max(version, aliases.last_version)));
  fs::path removed = TemporaryName(folder.string());
  GANSERVE_RETURN_IF_ERROR(RenameFolder(folder, removed));
  return removed;
}

void RemoveFiles(const fs::path& folder) {
  std::error_code error;  // the version is gone all the same
  fs::remove_all(folder, error);
  if (error) {
    Log(LogLevel::kWarning, "files of a removed version are left",
        {{"folder", folder.string()}, {"error", error.message()}});
  }
}

}  // namespace

absl::StatusOr<std::vector<std::string>> FoldersOf(const std::string& root) {
  GANSERVE_ASSIGN_OR_RETURN(const fs::file_type type, TypeOf(root));
  if (type != fs::file_type::directory) return absl::NotFoundError(absl::StrCat(root, ": no such folder"));
  return FolderNames(root);
}

absl::StatusOr<std::optional<ModelFolder>> ScanModel(const std::string& root, const std::string& name) {
  const fs::path path = fs::path(root) / name;
  GANSERVE_ASSIGN_OR_RETURN(const fs::file_type type, TypeOf(path));
  if (type != fs::file_type::directory) return std::nullopt;
  // Before the versions: what another replica adds meanwhile is then not named yet, instead of missing. But a fault in
  // it is none where no version makes the folder a model.
  auto aliases = ReadAliasFile(path.string());
  ModelFolder model{name, {}, {}, 0};
  GANSERVE_ASSIGN_OR_RETURN(model.versions, VersionsIn(path));
  if (model.versions.empty()) return std::nullopt;
  if (!IsModelName(name)) {
    return absl::InvalidArgumentError(absl::StrCat(path.string(), ": no model name: ", ModelNameRule()));
  }
  if (!aliases.ok()) return aliases.status();
  model.on_duty = aliases->on_duty.value_or(model.versions.back());
  model.on_duty_is_chosen = aliases->on_duty.has_value();
  model.aliases = std::move(aliases->aliases);
  GANSERVE_RETURN_IF_ERROR(CheckAliases(path, model));
  return model;
}

absl::StatusOr<std::vector<ModelFolder>> ScanRepository(const std::string& root) {
  GANSERVE_ASSIGN_OR_RETURN(const auto names, FoldersOf(root));
  std::vector<ModelFolder> models;
  for (const std::string& name : names) {
    GANSERVE_ASSIGN_OR_RETURN(auto model, ScanModel(root, name));
    if (model) models.push_back(*std::move(model));
  }
  return models;
}

absl::StatusOr<ModelConfig> ReadConfig(const std::string& root, const std::string& model, uint64_t version) {
  const fs::path folder = VersionFolder(root, model, version);
  const fs::path config = folder / "model.json";
  GANSERVE_ASSIGN_OR_RETURN(const fs::file_type type, TypeOf(config));
  if (type == fs::file_type::not_found) return ModelConfig();
  GANSERVE_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(config));
  auto parsed = ParseModelConfig(text);
  if (parsed.ok()) return parsed;
  return absl::InvalidArgumentError(absl::StrCat(folder.string(), ": ", parsed.status().message()));
}

absl::StatusOr<ModelSource> ReadVersion(const std::string& root, const std::string& model, uint64_t version) {
  ModelSource source{model, version, {}, {}};
  GANSERVE_ASSIGN_OR_RETURN(source.archive, ReadWholeFile(fs::path(VersionFolder(root, model, version)) / "model.pt"));
  GANSERVE_ASSIGN_OR_RETURN(source.config, ReadConfig(root, model, version));
  return source;
}

std::string VersionFolder(const std::string& root, const std::string& model, uint64_t version) {
  return (fs::path(root) / model / std::to_string(version)).string();
}

VersionStamp StampOfVersion(const std::string& root, const std::string& model, uint64_t version) {
  const std::string folder = VersionFolder(root, model, version);
  return {StampOf(folder + "/model.pt"), StampOf(folder + "/model.json")};
}

absl::StatusOr<uint64_t> NextVersion(const std::string& root, const std::string& model) {
  const fs::path folder = fs::path(root) / model;
  GANSERVE_ASSIGN_OR_RETURN(const fs::file_type type, TypeOf(folder));
  if (type == fs::file_type::not_found) return 1;
  GANSERVE_ASSIGN_OR_RETURN(const AliasFile aliases, ReadAliasFile(folder.string()));
  GANSERVE_ASSIGN_OR_RETURN(const std::vector<uint64_t> versions, VersionsIn(folder));
  return std::max(versions.empty() ? 0 : versions.back(), aliases.last_version) + 1;
}

absl::Status RemoveVersion(const std::string& root, const std::string& model, uint64_t version) {
  GANSERVE_ASSIGN_OR_RETURN(const auto scanned, ScanModel(root, model));
  if (!scanned || !std::binary_search(scanned->versions.begin(), scanned->versions.end(), version)) {
    return absl::NotFoundError(absl::StrCat("model ", model, " has no version ", version));
  }
  GANSERVE_RETURN_IF_ERROR(CheckUnused(*scanned, version));
  GANSERVE_ASSIGN_OR_RETURN(const fs::path removed, MoveAway(root, model, version));
  // Another replica may have put it on duty since the check.
  const fs::path folder = VersionFolder(root, model, version);
  GANSERVE_ASSIGN_OR_RETURN(const AliasFile now, ReadAliasFile(folder.parent_path().string()));
  if (now.on_duty == version) {
    GANSERVE_RETURN_IF_ERROR(RenameFolder(removed, folder));
    return absl::FailedPreconditionError(
        absl::StrCat("version ", version, " of model ", model, " has just been put on duty by another server"));
  }
  RemoveFiles(removed);
  return absl::OkStatus();
}

absl::Status DiscardVersion(const std::string& root, const std::string& model, uint64_t version) {
  GANSERVE_ASSIGN_OR_RETURN(const fs::path removed, MoveAway(root, model, version));
  RemoveFiles(removed);
  return absl::OkStatus();
}

}  // namespace ganserve
