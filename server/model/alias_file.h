// <root>/<model>/aliases.json: which version of a model is on duty, and further names of versions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace ganserve {

// {"on_duty": 3, "aliases": {"stable": 2}, "last_version": 5}, every field optional.
struct AliasFile {
  std::optional<uint64_t> on_duty;
  std::map<std::string, uint64_t> aliases;
  // The highest number that a removed version had, 0 if none: it is not given again, so that a number names the same
  // images for ever, on every replica.
  uint64_t last_version = 0;
};

// Nothing set if there is no such file in `model_folder`. INVALID_ARGUMENT for what is no such file,
// FAILED_PRECONDITION for one that cannot be read; the message names it.
absl::StatusOr<AliasFile> ReadAliasFile(const std::string& model_folder);

// Changes the file, atomically, or makes it. What it says besides stays. Two servers that do so at the same time leave
// what one of them wrote.
absl::Status WriteOnDuty(const std::string& model_folder, uint64_t version);
absl::Status WriteLastVersion(const std::string& model_folder, uint64_t version);

}  // namespace ganserve
