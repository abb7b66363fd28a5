// The models that a server starts with: loaded, measured for memory, and warm on every worker.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/device/device.h"
#include "server/model/loaded_models.h"
#include "server/options.h"
#include "server/serving/batcher.h"

namespace ganserve {

// Loads onto this device, also what comes later.
GeneratorLoader LoaderFor(const Device& device);

// Of the repository, or of the executable without one. `refused` gets the versions that could not be loaded; they are
// logged.
absl::StatusOr<std::unique_ptr<LoadedModels>> LoadModels(const ServerOptions& options, const Device& device,
                                                         std::vector<LoadedModels::Refused>* refused);

// What memory is planned with: what is loaded or, of an empty repository, the model of the executable, as a measure of
// what will come.
absl::StatusOr<std::vector<ModelVersion>> VersionsToPlanFor(const LoadedModels& models, const Device& device);

// Every loaded version answers on every worker before the server says that it is ready. One that does not is dropped
// and added to `refused`; the error is of one on duty.
absl::Status WarmUp(Batcher& batcher, LoadedModels& models, std::vector<LoadedModels::Refused>* refused);

}  // namespace ganserve
