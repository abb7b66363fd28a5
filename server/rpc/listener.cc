#include "server/rpc/listener.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <vector>

#include "absl/strings/str_cat.h"

namespace ganserve {
namespace {

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

std::string WithPort(const std::string& address, int port) {
  return absl::StrCat(address.substr(0, address.rfind(':')), ":", port);
}

}  // namespace

absl::StatusOr<Listener> Listen(grpc::ServerBuilder& builder, const std::string& address,
                                const std::shared_ptr<grpc::ServerCredentials>& credentials, bool reflection) {
  grpc::EnableDefaultHealthCheckService(false);
  // Puts the plug-in into every server that the process builds; linking the library may have done so already.
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  if (!reflection) builder.SetOption(std::make_unique<WithoutReflection>());
  // By default two servers may share a port without noticing.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  int port = 0;
  builder.AddListeningPort(address, credentials, &port);
  Listener listener{builder.BuildAndStart(), ""};
  if (listener.server == nullptr || port == 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", address, ": the port is taken or the address is none of this machine's"));
  }
  listener.address = WithPort(address, port);
  return listener;
}

}  // namespace ganserve
