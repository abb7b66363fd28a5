// The model repository: <root>/<model>/<version>/{model.pt, model.json}. Versions are positive integers and immutable.
// <root>/<model>/aliases.json, {"on_duty": 3, "aliases": {"stable": 2}}, says which version is on duty (absent: the
// newest) and gives versions further names. Other files and folders, such as a README, are no versions and are left
// alone.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/model/model_loader.h"

namespace ganserve {

struct ModelFolder {
  std::string name;
  std::vector<uint64_t> versions;           // ascending, at least one
  std::map<std::string, uint64_t> aliases;  // each names one of `versions`
  uint64_t on_duty = 0;                     // one of `versions`
};

// The models under `root`, by name. NOT_FOUND for a folder that is not there, FAILED_PRECONDITION for one that cannot
// be read or holds no model, INVALID_ARGUMENT for a bad name or a bad aliases.json; the message names the path.
absl::StatusOr<std::vector<ModelFolder>> ScanRepository(const std::string& root);

// Reads a version's files. model.json may be absent. Errors name the path.
absl::StatusOr<ModelSource> ReadVersion(const std::string& root, const std::string& model, uint64_t version);

// The default model that is part of the executable.
absl::StatusOr<ModelSource> EmbeddedModel();

}  // namespace ganserve
