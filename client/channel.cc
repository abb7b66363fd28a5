#include "client/channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/text_file.h"

namespace ganserve::client {
namespace {

// Calls are spread over all addresses behind a name; gRPC's default would use the first that answers.
constexpr char kServiceConfig[] = R"({"loadBalancingConfig": [{"round_robin": {}}]})";
// First pause before a lost connection is tried again. gRPC's default of a second is longer than a call's own back-off,
// whose attempts would then fail without having tried.
constexpr int kReconnectBackoffMs = 50;
constexpr int kMaxReconnectBackoffMs = 5'000;
// A name is looked up again when a connection is lost, but not more often than this. With gRPC's default of 30 s a
// client knows only addresses of servers that are gone, where a rolling update replaces all of them within that time.
constexpr int kMinLookUpIntervalMs = 1'000;
// A stream or a watch has no deadline: without pings it would wait for ever for a host that lost its power or network.
// The server allows a ping every 10 s by default.
constexpr int kKeepaliveTimeMs = 30'000;
constexpr int kKeepaliveTimeoutMs = 10'000;

absl::Status ReadIfNamed(const std::string& path, const std::string& what, std::string& text) {
  if (path.empty()) return absl::OkStatus();
  absl::StatusOr<std::string> read = ReadTextFile(path, what);
  if (!read.ok()) return read.status();
  text = *std::move(read);
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeCredentials(const TlsOptions& tls) {
  if (!tls.enabled) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions ssl;
  if (auto status = ReadIfNamed(tls.ca_file, "the CA file", ssl.pem_root_certs); !status.ok()) return status;
  if (auto status = ReadIfNamed(tls.key_file, "the key file", ssl.pem_private_key); !status.ok()) return status;
  if (auto status = ReadIfNamed(tls.cert_file, "the certificate file", ssl.pem_cert_chain); !status.ok()) return status;
  return grpc::SslCredentials(ssl);
}

// "host:port" is a DNS name to gRPC only by default; said outright, errors are about names and not about schemes.
std::string Target(const std::string& server) {
  for (const char* scheme : {"dns:", "unix:", "unix-abstract:", "ipv4:", "ipv6:", "xds:"}) {
    if (absl::StartsWith(server, scheme)) return server;
  }
  return absl::StrCat("dns:///", server);
}

grpc::ChannelArguments MakeArguments(const ClientOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(options.max_message_bytes);
  const bool own_config = options.service_config.empty();
  arguments.SetServiceConfigJSON(own_config ? kServiceConfig : options.service_config);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, own_config ? 0 : 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectBackoffMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMaxReconnectBackoffMs);
  arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, kMinLookUpIntervalMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 0);
  // By default gRPC sends two pings and then none until it sends data, which a watch never does.
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, options.share_connections ? 0 : 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, IsLoopback(options.server) ? 0 : 1);
  if (!options.tls.server_name.empty()) arguments.SetSslTargetNameOverride(options.tls.server_name);
  return arguments;
}

}  // namespace

absl::StatusOr<Channel> Channel::Create(const ClientOptions& options) {
  if (absl::Status status = Validate(options); !status.ok()) return status;
  absl::StatusOr<std::string> token = BearerToken(options);
  if (!token.ok()) return token.status();
  absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> credentials = MakeCredentials(options.tls);
  if (!credentials.ok()) return credentials.status();
  auto channel = grpc::CreateCustomChannel(Target(options.server), *credentials, MakeArguments(options));
  return Channel(std::move(channel), token->empty() ? "" : absl::StrCat("Bearer ", *token));
}

void Channel::Authorize(grpc::ClientContext& context) const {
  if (!authorization_.empty()) context.AddMetadata("authorization", authorization_);
}

Channel::Channel(std::shared_ptr<grpc::Channel> channel, std::string authorization)
    : channel_(std::move(channel)), authorization_(std::move(authorization)) {}

}  // namespace ganserve::client
