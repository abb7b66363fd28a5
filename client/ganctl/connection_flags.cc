#include "client/ganctl/connection_flags.h"

#include <CLI/CLI.hpp>
#include <chrono>

namespace ganserve::ganctl {
namespace {

constexpr char kGroup[] = "Connection";
// A day: beyond it "for ever" is meant, which is 0.
constexpr double kMaxTimeoutS = 86'400;

void AddTlsFlags(CLI::App& app, client::TlsOptions& tls) {
  app.add_flag("--tls", tls.enabled, "Use TLS, with the system's authorities unless --tls-ca is given")
      ->envname("GANSERVE_CLIENT_TLS")
      ->group(kGroup);
  app.add_option("--tls-ca", tls.ca_file, "PEM file of the certificate authorities to trust")
      ->envname("GANSERVE_CLIENT_TLS_CA")
      ->group(kGroup);
  app.add_option("--tls-cert", tls.cert_file, "PEM file of this client's certificate, for mutual TLS")
      ->envname("GANSERVE_CLIENT_TLS_CERT")
      ->group(kGroup);
  app.add_option("--tls-key", tls.key_file, "PEM file of that certificate's key")
      ->envname("GANSERVE_CLIENT_TLS_KEY")
      ->group(kGroup);
  app.add_option("--tls-server-name", tls.server_name, "Name in the server's certificate, if not that of the address")
      ->envname("GANSERVE_CLIENT_TLS_SERVER_NAME")
      ->group(kGroup);
}

void AddTokenFlags(CLI::App& app, client::ClientOptions& options) {
  app.add_option("--token", options.token,
                 "Bearer token; everybody on this machine can read a command line:\n"
                 "prefer the variable or --token-file")
      ->envname("GANSERVE_CLIENT_TOKEN")
      ->group(kGroup);
  app.add_option("--token-file", options.token_file, "File that holds the bearer token")
      ->envname("GANSERVE_CLIENT_TOKEN_FILE")
      ->group(kGroup);
}

void AddRetryFlags(CLI::App& app, client::RetryPolicy& retry) {
  app.add_option("--attempts", retry.max_attempts, "Attempts at a call while the server is unavailable; 1 to 100")
      ->envname("GANSERVE_CLIENT_ATTEMPTS")
      ->capture_default_str()
      ->group(kGroup);
  app.add_flag("--retry-busy", retry.retry_resource_exhausted,
               "Also try again when the server is full, after the time it asks for")
      ->envname("GANSERVE_CLIENT_RETRY_BUSY")
      ->group(kGroup);
}

}  // namespace

void ConnectionFlags::AddTo(CLI::App& app) {
  app.add_option("--server", options_.server, "host:port or a gRPC target such as unix:/run/ganserve.sock")
      ->envname("GANSERVE_SERVER")
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--timeout", timeout_s_, "Seconds for a unary call with retries, not to change models; 0: none")
      ->envname("GANSERVE_CLIENT_TIMEOUT")
      ->check(CLI::Range(0.0, kMaxTimeoutS))
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--max-message-mib", max_message_mib_, "Largest answer accepted, in MiB")
      ->envname("GANSERVE_CLIENT_MAX_MESSAGE_MIB")
      ->check(CLI::Range(1, 2047))
      ->capture_default_str()
      ->group(kGroup);
  AddTlsFlags(app, options_.tls);
  AddTokenFlags(app, options_);
  AddRetryFlags(app, options_.retry);
}

client::ClientOptions ConnectionFlags::Options() const {
  client::ClientOptions options = options_;
  options.timeout = std::chrono::round<std::chrono::milliseconds>(std::chrono::duration<double>(timeout_s_));
  // A time too short to count in milliseconds is not "no limit".
  if (timeout_s_ > 0 && options.timeout.count() == 0) options.timeout = std::chrono::milliseconds(1);
  options.max_message_bytes = max_message_mib_ << 20;
  return options;
}

}  // namespace ganserve::ganctl
