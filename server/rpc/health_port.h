// A port that answers grpc.health.v1 and nothing else, in plain text: for probes that speak no TLS.
#pragma once

#include <grpcpp/server.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/rpc/health_service.h"

namespace ganserve {

// Opens before there is anything else to serve and closes last, so that a probe of "live" is answered for as long as
// the process can answer at all.
class HealthPort {
 public:
  // `services` as HealthService's. UNAVAILABLE: the address cannot be listened on.
  static absl::StatusOr<std::unique_ptr<HealthPort>> Open(const std::string& address,
                                                          const std::vector<std::string>& services);

  // Ends watches and closes.
  ~HealthPort();

  // The address with the port that was bound.
  const std::string& address() const { return address_; }

  // As HealthService's.
  void AnnounceReady() { health_.AnnounceReady(); }
  void AnnounceStop() { health_.AnnounceStop(); }

 private:
  explicit HealthPort(const std::vector<std::string>& services) : health_(services) {}

  HealthService health_;  // outlives server_
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

}  // namespace ganserve
