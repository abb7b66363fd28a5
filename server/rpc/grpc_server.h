// The gRPC server around the services: address, limits, health, reflection, stopping.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/rpc/health_service.h"

namespace grpc {
class Server;
class ServerCredentials;
class Service;
}  // namespace grpc

namespace ganserve {

// Names are gRPC's: https://grpc.github.io/grpc/core/group__grpc__arg__keys.html.
struct GrpcOptions {
  std::string address;  // host:port; port 0 takes a free one
  bool reflection = true;
  int max_receive_bytes = 64 << 10;
  int max_streams_per_connection = 1024;
  std::chrono::milliseconds keepalive_time{};
  std::chrono::milliseconds keepalive_timeout{};
  std::chrono::milliseconds keepalive_min_client_interval{};
  std::chrono::milliseconds max_connection_age{};  // 0: unlimited
  std::chrono::milliseconds max_connection_age_grace{};
};

class GrpcServer {
 public:
  // A service and its name in health: "ganserve.v1.ImageService".
  struct NamedService {
    std::string name;
    grpc::Service* service = nullptr;
  };

  // Listens and serves, health (grpc.health.v1) beside the services. The services outlive the server. UNAVAILABLE: the
  // address cannot be listened on.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(const GrpcOptions& options,
                                                           const std::shared_ptr<grpc::ServerCredentials>& credentials,
                                                           const std::vector<NamedService>& services);

  // As Shutdown with no time.
  ~GrpcServer();

  // The address with the port that was bound.
  const std::string& address() const { return address_; }

  // As HealthService's.
  void AnnounceReady();
  void AnnounceStop();

  // Accepts no more calls, ends those that watch health, waits for the others, and cancels what is left after
  // `timeout`. Idempotent.
  void Shutdown(std::chrono::milliseconds timeout);

 private:
  explicit GrpcServer(const std::vector<std::string>& service_names);
  static std::vector<std::string> NamesOf(const std::vector<NamedService>& services);

  HealthService health_;  // outlives server_
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

// Sends gRPC's own messages to our log.
void RedirectGrpcLog();

}  // namespace ganserve
