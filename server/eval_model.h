// Finds the generator that ganserve-eval is told to measure.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/serving/generator.h"

namespace ganserve {

// Loads and checks a generator by the server's own rules. `path` is "embedded" (the default model), a TorchScript file
// with or without a model.json beside it, a folder with model.pt, or a model's folder of a repository, of which the
// version on duty is taken. Errors name the path.
absl::StatusOr<std::shared_ptr<Generator>> LoadGeneratorAt(const std::string& path);

}  // namespace ganserve
