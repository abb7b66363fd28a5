// Starts a gRPC server on an address: what the ports of this process have in common.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace grpc {
class Server;
class ServerBuilder;
class ServerCredentials;
}  // namespace grpc

namespace ganserve {

// A server that listens, and where: the address asked for, with the port that was bound.
struct Listener {
  std::unique_ptr<grpc::Server> server;
  std::string address;
};

// Starts what `builder` has been given on `address`, host:port; port 0 takes a free one. gRPC's own health service
// stays out. UNAVAILABLE: the address cannot be listened on.
absl::StatusOr<Listener> Listen(grpc::ServerBuilder& builder, const std::string& address,
                                const std::shared_ptr<grpc::ServerCredentials>& credentials, bool reflection);

}  // namespace ganserve
