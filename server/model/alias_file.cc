#include "server/model/alias_file.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "server/base/model_name.h"
#include "server/base/publish.h"
#include "server/base/status_macros.h"
#include "server/model/repository_file.h"

namespace ganserve {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

std::string PathIn(const std::string& model_folder) { return (fs::path(model_folder) / "aliases.json").string(); }

// An empty object if there is no file.
absl::StatusOr<Json> ReadObject(const std::string& path) {
  GANSERVE_ASSIGN_OR_RETURN(const fs::file_type type, TypeOf(path));
  if (type == fs::file_type::not_found) return Json::object();
  GANSERVE_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(path));
  Json root = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) return absl::InvalidArgumentError(absl::StrCat(path, ": not a JSON object"));
  return root;
}

absl::StatusOr<uint64_t> Version(const std::string& path, const std::string& name, const Json& value) {
  if (value.is_number_unsigned()) return value.get<uint64_t>();
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": ", name, " is ", value.dump(), ", which is no version of this model"));
}

absl::Status Write(const std::string& model_folder, const char* key, uint64_t version) {
  const std::string path = PathIn(model_folder);
  GANSERVE_ASSIGN_OR_RETURN(Json root, ReadObject(path));
  if (root.contains(key) && root[key] == version) return absl::OkStatus();
  root[key] = version;
  return PublishFile(path, root.dump(2) + "\n");
}

}  // namespace

absl::StatusOr<AliasFile> ReadAliasFile(const std::string& model_folder) {
  const std::string path = PathIn(model_folder);
  GANSERVE_ASSIGN_OR_RETURN(const Json root, ReadObject(path));
  AliasFile file;
  if (root.contains("on_duty")) {
    GANSERVE_ASSIGN_OR_RETURN(file.on_duty, Version(path, "on_duty", root["on_duty"]));
  }
  if (root.contains("last_version")) {
    GANSERVE_ASSIGN_OR_RETURN(file.last_version, Version(path, "last_version", root["last_version"]));
  }
  const Json aliases = root.value("aliases", Json::object());
  if (!aliases.is_object()) return absl::InvalidArgumentError(absl::StrCat(path, ": aliases is no object"));
  for (const auto& [alias, version] : aliases.items()) {
    if (!IsModelName(alias)) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": '", alias, "' is no alias: ", ModelNameRule()));
    }
    GANSERVE_ASSIGN_OR_RETURN(file.aliases[alias], Version(path, alias, version));
  }
  return file;
}

absl::Status WriteOnDuty(const std::string& model_folder, uint64_t version) {
  return Write(model_folder, "on_duty", version);
}

absl::Status WriteLastVersion(const std::string& model_folder, uint64_t version) {
  return Write(model_folder, "last_version", version);
}

}  // namespace ganserve
