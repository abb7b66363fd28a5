#include "server/rpc/grpc_server.h"

#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/log/log.h"

namespace ganserve {
namespace {

// A client that pings more often than it may is tolerated this many times before its connection is closed.
constexpr int kMaxPingStrikes = 3;

// Takes reflection out of a server again.
class WithoutReflection final : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    std::erase_if(*plugins, [](const auto& plugin) {
      return dynamic_cast<grpc::reflection::ProtoServerReflectionPlugin*>(plugin.get()) != nullptr;
    });
  }
};

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
  // By default two servers may share a port without noticing.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
}

std::string WithPort(const std::string& address, int port) {
  return absl::StrCat(address.substr(0, address.rfind(':')), ":", port);
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
  std::vector<std::string> names;
  for (const NamedService& service : services) names.push_back(service.name);
  auto started = std::unique_ptr<GrpcServer>(new GrpcServer(names));
  grpc::EnableDefaultHealthCheckService(false);
  grpc::ServerBuilder builder;
  AddLimits(builder, options);
  // Puts the plug-in into every server that the process builds; linking the library may have done so already.
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  if (!options.reflection) builder.SetOption(std::make_unique<WithoutReflection>());
  int port = 0;
  builder.AddListeningPort(options.address, credentials, &port);
  for (const NamedService& service : services) builder.RegisterService(service.service);
  builder.RegisterService(&started->health_);
  started->server_ = builder.BuildAndStart();
  if (started->server_ == nullptr || port == 0) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", options.address,
                                               ": the port is taken or the address is none of this machine's"));
  }
  started->address_ = WithPort(options.address, port);
  return started;
}

GrpcServer::GrpcServer(const std::vector<std::string>& service_names) : health_(service_names) {}

GrpcServer::~GrpcServer() { Shutdown(std::chrono::milliseconds(0)); }

void GrpcServer::AnnounceStop() { health_.AnnounceStop(); }

void GrpcServer::Shutdown(std::chrono::milliseconds timeout) {
  if (server_ == nullptr) return;
  health_.EndWatches();
  server_->Shutdown(std::chrono::system_clock::now() + timeout);
}

void RedirectGrpcLog() { gpr_set_log_function(LogGrpcMessage); }

}  // namespace ganserve
