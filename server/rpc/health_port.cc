#include "server/rpc/health_port.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <utility>

#include "server/base/status_macros.h"
#include "server/rpc/listener.h"

namespace ganserve {
namespace {

// A question is one short name; whoever reaches this port needs no credentials, so it takes nothing larger.
constexpr int kMaxReceiveBytes = 4 << 10;
// What watches get to hear of their end.
constexpr std::chrono::seconds kEndTime{1};

}  // namespace

absl::StatusOr<std::unique_ptr<HealthPort>> HealthPort::Open(const std::string& address,
                                                             const std::vector<std::string>& services) {
  auto port = std::unique_ptr<HealthPort>(new HealthPort(services));
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(kMaxReceiveBytes);
  builder.RegisterService(&port->health_);
  GANSERVE_ASSIGN_OR_RETURN(Listener listener,
                            Listen(builder, address, grpc::InsecureServerCredentials(), /*reflection=*/false));
  port->server_ = std::move(listener.server);
  port->address_ = std::move(listener.address);
  return port;
}

HealthPort::~HealthPort() {
  if (server_ == nullptr) return;
  health_.EndWatches();
  server_->Shutdown(std::chrono::system_clock::now() + kEndTime);
}

}  // namespace ganserve
