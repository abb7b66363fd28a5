#include "server/rpc/grpc_server.h"

#include <grpc/support/log.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "server/base/status_macros.h"
#include "server/log/log.h"
#include "server/rpc/listener.h"

namespace ganserve {
namespace {

// A client that pings more often than it may is tolerated this many times before its connection is closed.
constexpr int kMaxPingStrikes = 3;

void AddTime(grpc::ServerBuilder& builder, const char* argument, std::chrono::milliseconds time) {
  const int64_t most = std::numeric_limits<int>::max();  // which gRPC takes for "unlimited"
  builder.AddChannelArgument(argument, static_cast<int>(std::min<int64_t>(time.count(), most)));
}

void AddLimits(grpc::ServerBuilder& builder, const GrpcOptions& options) {
  builder.SetMaxReceiveMessageSize(options.max_receive_bytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.max_streams_per_connection);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, kMaxPingStrikes);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  AddTime(builder, GRPC_ARG_KEEPALIVE_TIME_MS, options.keepalive_time);
  AddTime(builder, GRPC_ARG_KEEPALIVE_TIMEOUT_MS, options.keepalive_timeout);
  AddTime(builder, GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, options.keepalive_min_client_interval);
  if (options.max_connection_age.count() > 0) {
    AddTime(builder, GRPC_ARG_MAX_CONNECTION_AGE_MS, options.max_connection_age);
  }
  AddTime(builder, GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, options.max_connection_age_grace);
}

void LogGrpcMessage(gpr_log_func_args* message) {
  const LogLevel level = message->severity == GPR_LOG_SEVERITY_ERROR  ? LogLevel::kWarning
                         : message->severity == GPR_LOG_SEVERITY_INFO ? LogLevel::kInfo
                                                                      : LogLevel::kDebug;
  Log(level, "grpc", {{"detail", message->message}, {"file", message->file}, {"line", message->line}});
}

}  // namespace

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(
    const GrpcOptions& options, const std::shared_ptr<grpc::ServerCredentials>& credentials,
    const std::vector<NamedService>& services) {
  auto started = std::unique_ptr<GrpcServer>(new GrpcServer(NamesOf(services)));
  grpc::ServerBuilder builder;
  AddLimits(builder, options);
  for (const NamedService& service : services) builder.RegisterService(service.service);
  builder.RegisterService(&started->health_);
  GANSERVE_ASSIGN_OR_RETURN(Listener listener, Listen(builder, options.address, credentials, options.reflection));
  started->server_ = std::move(listener.server);
  started->address_ = std::move(listener.address);
  return started;
}

std::vector<std::string> GrpcServer::NamesOf(const std::vector<NamedService>& services) {
  std::vector<std::string> names;
  for (const NamedService& service : services) names.push_back(service.name);
  return names;
}

GrpcServer::GrpcServer(const std::vector<std::string>& service_names) : health_(service_names) {}

GrpcServer::~GrpcServer() { Shutdown(std::chrono::milliseconds(0)); }

void GrpcServer::AnnounceReady() { health_.AnnounceReady(); }

void GrpcServer::AnnounceStop() { health_.AnnounceStop(); }

void GrpcServer::Shutdown(std::chrono::milliseconds timeout) {
  if (server_ == nullptr) return;
  health_.EndWatches();
  server_->Shutdown(std::chrono::system_clock::now() + timeout);
}

void RedirectGrpcLog() { gpr_set_log_function(LogGrpcMessage); }

}  // namespace ganserve
