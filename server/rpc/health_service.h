// grpc.health.v1 (https://github.com/grpc/grpc/blob/master/doc/health-checking.md).
#pragma once

#include <grpcpp/support/server_callback.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include "server/base/mutex.h"

namespace ganserve {

// What can be asked for:
//   "", "ready", the services' names   SERVING from AnnounceReady until AnnounceStop
//   "live"                             SERVING for as long as somebody answers: a probe that restarts the process must
//                                      not do so because it is busy, loads models or drains
//
// gRPC brings a health service of its own, but its open Watch calls keep a server from stopping until the drain
// timeout: clients that check health leave one open for as long as they live. Any thread may call.
class HealthService final : public grpc::health::v1::Health::CallbackService {
 public:
  using Request = grpc::health::v1::HealthCheckRequest;
  using Response = grpc::health::v1::HealthCheckResponse;

  // `services` are names such as "ganserve.v1.ImageService".
  explicit HealthService(const std::vector<std::string>& services);
  ~HealthService() override;

  // Watchers are told of either. After AnnounceStop a server never gets ready again.
  void AnnounceReady();
  void AnnounceStop();

  // Ends every Watch, present and future, with UNAVAILABLE once it has been told the last state.
  void EndWatches();

  // NOT_FOUND for an unknown name.
  grpc::ServerUnaryReactor* Check(grpc::CallbackServerContext* context, const Request* request,
                                  Response* response) override;
  // SERVICE_UNKNOWN for an unknown name; no name is added later.
  grpc::ServerWriteReactor<Response>* Watch(grpc::CallbackServerContext* context, const Request* request) override;

 private:
  class Watcher;

  Response::ServingStatus StatusOf(const std::string& name) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<std::shared_ptr<Watcher>> Watchers() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Of all names but "live", whose status never changes.
  void SetReadiness(Response::ServingStatus status);
  void Forget(const Watcher* watcher);

  Mutex mutex_;
  std::map<std::string, Response::ServingStatus> services_ ABSL_GUARDED_BY(mutex_);
  std::map<const Watcher*, std::shared_ptr<Watcher>> watchers_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool watches_ended_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace ganserve
