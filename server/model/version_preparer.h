// From a version in the repository to a generator that may go on duty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/model/loaded_models.h"
#include "server/model/model_repository.h"
#include "server/serving/generator.h"

namespace ganserve {

// Loads, checks and warms versions, and remembers which were refused, so that one that cannot be used is tried, and
// logged, once and not at every look at the repository. One thread at a time.
class VersionPreparer {
 public:
  struct Options {
    std::string repository;
    GeneratorLoader load;
    // Runs a generator on every worker; the error is the generator's.
    std::function<absl::Status(Generator&)> warm_up;
  };

  explicit VersionPreparer(Options options) : options_(std::move(options)) {}

  // Tries, and logs a refusal as a warning. FAILED_PRECONDITION naming model, version and cause; UNAVAILABLE when the
  // server stops.
  absl::StatusOr<std::shared_ptr<Generator>> Prepare(const std::string& model, uint64_t version);

  // Whether the version was refused and its files are still the same: a copy that was not complete yet is tried again
  // when it is.
  bool KnownToFail(const std::string& model, uint64_t version) const;

  // How many versions of a model are known to fail.
  size_t CountKnownToFail(const ModelFolder& folder) const;

  // Remembers a version that was refused elsewhere.
  void Refuse(const std::string& model, uint64_t version);

 private:
  absl::StatusOr<std::shared_ptr<Generator>> LoadAndWarm(const std::string& model, uint64_t version) const;

  const Options options_;
  std::map<std::pair<std::string, uint64_t>, VersionStamp> refused_;
};

}  // namespace ganserve
