// The seam between requests and the models that the server holds.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/serving/generator.h"

namespace ganserve {

// A loaded version of a model.
struct ModelVersion {
  std::shared_ptr<Generator> generator;
  std::vector<std::string> aliases;
  bool on_duty = false;  // what a request that names no version gets
};

class ModelDirectory {
 public:
  virtual ~ModelDirectory() = default;

  // The generator for a request's `model` (empty: the default model) and `version` (a number, an alias, or empty: the
  // one on duty). The answer stays usable when the model is replaced. NOT_FOUND names what is unknown and what there
  // is; UNAVAILABLE: the default model is not there yet, or no model is. Called from any thread.
  virtual absl::StatusOr<std::shared_ptr<Generator>> Find(std::string_view model, std::string_view version) const = 0;

  // By model name, then version number.
  virtual std::vector<ModelVersion> List() const = 0;

  // Empty: requests must name theirs, or there is no model yet.
  virtual std::string default_model() const = 0;
};

}  // namespace ganserve
