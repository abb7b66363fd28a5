// How a client reaches its server.
#pragma once

#include <chrono>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/retry.h"

namespace ganserve::client {

struct TlsOptions {
  // Whether to use TLS at all; the other fields are refused without it.
  bool enabled = false;
  // PEM file of the authorities to trust; empty for those of the system.
  std::string ca_file = {};
  // PEM files of the certificate and key with which this client shows who it is (mutual TLS); both or neither.
  std::string cert_file = {};
  std::string key_file = {};
  // The name to expect in the server's certificate, where it is not the host of the address.
  std::string server_name = {};
};

struct ClientOptions {
  // host:port, or a gRPC target with its scheme ("dns:///images.example:443", "unix:/run/ganserve.sock"). A name with
  // several addresses is spread over all of them, call by call.
  std::string server = "127.0.0.1:50051";
  TlsOptions tls = {};
  // A bearer token, or the file that holds it (read once, by Create); at most one of the two.
  std::string token = {};
  std::string token_file = {};
  // The longest a unary call may take, retries included; 0: for ever. Streams have no limit unless a call sets one.
  std::chrono::milliseconds timeout{30'000};
  RetryPolicy retry = {};
  // A gRPC service config (JSON): gRPC balances and tries again as it says, before `retry` has its turn. Empty: calls
  // are spread round robin, and gRPC tries nothing again.
  std::string service_config = {};
  // The longest message accepted from the server, in bytes; at least 4,096.
  int max_message_bytes = 64 << 20;
  // Whether clients of one server in this process share their connections.
  bool share_connections = true;
};

// Whether the address can only lead to this machine: a loopback address or name, or a Unix socket.
bool IsLoopback(const std::string& server);

// INVALID_ARGUMENT names the option, its value and what is allowed. A token without TLS is refused unless the server is
// on this machine.
absl::Status Validate(const ClientOptions& options);

// The bearer token of the options; empty if they have none. NOT_FOUND or INVALID_ARGUMENT for a file that is of no use.
absl::StatusOr<std::string> BearerToken(const ClientOptions& options);

// Whether text can be sent as metadata: visible ASCII, 1 to max_length characters.
bool IsVisibleAscii(const std::string& text, size_t max_length);

}  // namespace ganserve::client
