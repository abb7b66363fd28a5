// The client of ganserve.v1.ModelService. Errors are as in image_client.h. Promote and Delete are tried once: the
// server may have done it although its answer was lost.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/call_options.h"
#include "client/client_options.h"
#include "ganserve/v1/models.pb.h"

namespace ganserve::client {

class Session;

// Thread-safe; calls block the thread that makes them.
class ModelClient {
 public:
  // Connects at the first call. INVALID_ARGUMENT or NOT_FOUND names the option or the file that is of no use.
  static absl::StatusOr<std::unique_ptr<ModelClient>> Create(const ClientOptions& options);
  ~ModelClient();

  // One page, in order of name.
  absl::StatusOr<v1::ListModelsResponse> ListModels(const v1::ListModelsRequest& request,
                                                    const CallOptions& call = {}) const;

  // One page, the newest version first.
  absl::StatusOr<v1::ListModelVersionsResponse> ListVersions(const v1::ListModelVersionsRequest& request,
                                                             const CallOptions& call = {}) const;

  // Promote and Activate take as long as the model needs to load and warm up: the client's timeout does not apply.
  absl::StatusOr<v1::ModelVersion> Promote(const v1::PromoteTrainJobRequest& request,
                                           const CallOptions& call = {}) const;
  absl::StatusOr<v1::ModelVersion> Activate(const std::string& model, uint64_t version,
                                            const CallOptions& call = {}) const;

  // Puts the version before the one on duty on duty: of those with a lower number the highest. FAILED_PRECONDITION if
  // there is none.
  absl::StatusOr<v1::ModelVersion> Rollback(const std::string& model, const CallOptions& call = {}) const;

  // Waits for the changes before it, so the client's timeout does not apply.
  absl::Status Delete(const std::string& model, uint64_t version, const CallOptions& call = {}) const;

 private:
  explicit ModelClient(std::shared_ptr<const Session> session);

  const std::shared_ptr<const Session> session_;
};

}  // namespace ganserve::client
