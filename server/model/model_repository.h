// The model repository: <root>/<model>/<version>/{model.pt, model.json}. Versions are positive integers and immutable.
// <root>/<model>/aliases.json, {"on_duty": 3, "aliases": {"stable": 2}}, says which version is on duty (absent: the
// newest) and gives versions further names (alias_file.h). Other files and folders, such as a README, are no versions
// and are left alone.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/file_stamp.h"
#include "server/model/model_loader.h"

namespace ganserve {

struct ModelFolder {
  std::string name;
  std::vector<uint64_t> versions;           // ascending, at least one
  std::map<std::string, uint64_t> aliases;  // each names one of `versions`
  uint64_t on_duty = 0;                     // one of `versions`
  bool on_duty_is_chosen = false;           // by aliases.json; else it is the newest

  bool operator==(const ModelFolder&) const = default;
};

// The models under `root`, by name. NOT_FOUND for a folder that is not there, FAILED_PRECONDITION for one that cannot
// be read, INVALID_ARGUMENT for a bad name or a bad aliases.json; the message names the path.
absl::StatusOr<std::vector<ModelFolder>> ScanRepository(const std::string& root);

// The names of the folders under `root`, sorted; not all need be models. Errors as above.
absl::StatusOr<std::vector<std::string>> FoldersOf(const std::string& root);

// One model; nothing for a folder without versions or one that is not there. Errors as above.
absl::StatusOr<std::optional<ModelFolder>> ScanModel(const std::string& root, const std::string& name);

// Reads a version's model.json, which may be absent. Errors name the path.
absl::StatusOr<ModelConfig> ReadConfig(const std::string& root, const std::string& model, uint64_t version);

// Reads a version's files.
absl::StatusOr<ModelSource> ReadVersion(const std::string& root, const std::string& model, uint64_t version);

// <root>/<model>/<version>.
std::string VersionFolder(const std::string& root, const std::string& model, uint64_t version);

// Differs once a file of the version was replaced or written to.
using VersionStamp = std::array<FileStamp, 2>;
VersionStamp StampOfVersion(const std::string& root, const std::string& model, uint64_t version);

// A number that no version of the model has or ever had, as far as the folder tells: larger than all. The model need
// not exist yet.
absl::StatusOr<uint64_t> NextVersion(const std::string& root, const std::string& model);

// Removes a version's folder: it is gone at once for whoever scans, then its files go. FAILED_PRECONDITION if it is, or
// meanwhile becomes, the one on duty, or if an alias names it; NOT_FOUND.
absl::Status RemoveVersion(const std::string& root, const std::string& model, uint64_t version);

// The same for a version that was never put on duty by anyone because it failed its checks, whatever aliases.json says.
absl::Status DiscardVersion(const std::string& root, const std::string& model, uint64_t version);

// The default model that is part of the executable.
absl::StatusOr<ModelSource> EmbeddedModel();

}  // namespace ganserve
