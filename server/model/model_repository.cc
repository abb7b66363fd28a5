#include "server/model/model_repository.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "server/base/status_macros.h"
#include "server/serving/model_directory.h"

namespace ganserve {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// Names of models and aliases.
bool IsName(const std::string& name) {
  const auto valid = [](unsigned char c) { return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.'; };
  return !name.empty() && name.size() <= kMaxModelNameLength &&
         absl::ascii_isalpha(static_cast<unsigned char>(name[0])) && std::all_of(name.begin(), name.end(), valid);
}

// The number of a version folder; other folders are not ours. "007" is not a version: one number has one name.
std::optional<uint64_t> VersionNumber(const std::string& name) {
  uint64_t version = 0;
  if (!absl::SimpleAtoi(name, &version) || version == 0 || absl::StrCat(version) != name) return std::nullopt;
  return version;
}

absl::StatusOr<std::string> ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(path.string(), ": cannot be read"));
  std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file.bad()) return absl::FailedPreconditionError(absl::StrCat(path.string(), ": reading failed"));
  return bytes;
}

absl::StatusOr<std::vector<fs::path>> Folders(const fs::path& root) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (fs::directory_iterator entry(root, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->is_directory(error)) folders.push_back(entry->path());
  }
  if (error) {
    return absl::FailedPreconditionError(absl::StrCat(root.string(), ": cannot be read: ", error.message()));
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

// What is at `path`, file_type::not_found if nothing is. An error if it cannot be told: no permission, too long a name.
absl::StatusOr<fs::file_type> TypeOf(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::status_known(status)) return status.type();
  return absl::FailedPreconditionError(absl::StrCat(path.string(), ": cannot be read: ", error.message()));
}

// A version that aliases.json names.
absl::StatusOr<uint64_t> KnownVersion(const fs::path& path, const std::string& name, const Json& value,
                                      const std::vector<uint64_t>& versions) {
  if (value.is_number_unsigned() && std::binary_search(versions.begin(), versions.end(), value.get<uint64_t>())) {
    return value.get<uint64_t>();
  }
  return absl::InvalidArgumentError(
      absl::StrCat(path.string(), ": ", name, " is ", value.dump(), ", which is no version of this model"));
}

absl::Status ReadAliases(const fs::path& path, ModelFolder* model) {
  GANSERVE_ASSIGN_OR_RETURN(const fs::file_type type, TypeOf(path));
  if (type == fs::file_type::not_found) return absl::OkStatus();
  GANSERVE_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  const Json root = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) return absl::InvalidArgumentError(absl::StrCat(path.string(), ": not a JSON object"));
  if (root.contains("on_duty")) {
    GANSERVE_ASSIGN_OR_RETURN(model->on_duty, KnownVersion(path, "on_duty", root["on_duty"], model->versions));
  }
  const Json aliases = root.value("aliases", Json::object());
  if (!aliases.is_object()) return absl::InvalidArgumentError(absl::StrCat(path.string(), ": aliases is no object"));
  for (const auto& [alias, version] : aliases.items()) {
    if (!IsName(alias)) {
      return absl::InvalidArgumentError(absl::StrCat(
          path.string(), ": '", alias, "' is no alias: a letter, then letters, digits, '-', '_', '.'; up to ",
          kMaxModelNameLength, " characters"));
    }
    GANSERVE_ASSIGN_OR_RETURN(model->aliases[alias], KnownVersion(path, alias, version, model->versions));
  }
  return absl::OkStatus();
}

// Nothing for a folder without versions.
absl::StatusOr<std::optional<ModelFolder>> ScanModel(const fs::path& path) {
  ModelFolder model{path.filename().string(), {}, {}, 0};
  GANSERVE_ASSIGN_OR_RETURN(const auto folders, Folders(path));
  for (const fs::path& folder : folders) {
    if (const auto version = VersionNumber(folder.filename().string())) model.versions.push_back(*version);
  }
  if (model.versions.empty()) return std::nullopt;
  if (!IsName(model.name)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path.string(), ": no model name: a letter, then letters, digits, '-', '_', '.'; up to ",
                     kMaxModelNameLength, " characters"));
  }
  std::sort(model.versions.begin(), model.versions.end());
  model.on_duty = model.versions.back();
  GANSERVE_RETURN_IF_ERROR(ReadAliases(path / "aliases.json", &model));
  return model;
}

}  // namespace

absl::StatusOr<std::vector<ModelFolder>> ScanRepository(const std::string& root) {
  GANSERVE_ASSIGN_OR_RETURN(const fs::file_type type, TypeOf(root));
  if (type != fs::file_type::directory) return absl::NotFoundError(absl::StrCat(root, ": no such folder"));
  std::vector<ModelFolder> models;
  GANSERVE_ASSIGN_OR_RETURN(const auto folders, Folders(root));
  for (const fs::path& folder : folders) {
    GANSERVE_ASSIGN_OR_RETURN(auto model, ScanModel(folder));
    if (model) models.push_back(*std::move(model));
  }
  if (models.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(root, ": holds no model; a model is a folder <model>/<version>/model.pt"));
  }
  return models;
}

absl::StatusOr<ModelSource> ReadVersion(const std::string& root, const std::string& model, uint64_t version) {
  const fs::path folder = fs::path(root) / model / std::to_string(version);
  ModelSource source{model, version, {}, {}};
  GANSERVE_ASSIGN_OR_RETURN(source.archive, ReadFile(folder / "model.pt"));
  const fs::path config = folder / "model.json";
  GANSERVE_ASSIGN_OR_RETURN(const fs::file_type type, TypeOf(config));
  if (type == fs::file_type::not_found) return source;
  GANSERVE_ASSIGN_OR_RETURN(const std::string text, ReadFile(config));
  auto parsed = ParseModelConfig(text);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(folder.string(), ": ", parsed.status().message()));
  }
  source.config = *parsed;
  return source;
}

}  // namespace ganserve
