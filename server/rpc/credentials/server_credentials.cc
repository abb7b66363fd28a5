#include "server/rpc/credentials/server_credentials.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>

#include <array>
#include <cstdlib>
#include <optional>
#include <utility>

#include "server/base/file_stamp.h"
#include "server/base/mutex.h"
#include "server/base/status_macros.h"
#include "server/log/log.h"
#include "server/rpc/credentials/tls_files.h"

namespace ganserve {
namespace {

using Stamps = std::array<FileStamp, 3>;

Stamps StampsOf(const TlsOptions& options) {
  return {StampOf(options.cert_file), StampOf(options.key_file), StampOf(options.client_ca_file)};
}

// The files and what of them gRPC already has. gRPC asks at every new connection, from its own threads.
//
// Not grpc::experimental::FileWatcherCertificateProvider: that one hands over whatever the files hold, so a key that
// arrives before its certificate takes every new connection down until the next look.
class TlsFileSource {
 public:
  TlsFileSource(TlsOptions options, const Clock& clock, const Stamps& stamps, TlsMaterial material)
      : options_(std::move(options)),
        clock_(clock),
        pending_(std::move(material)),
        seen_(stamps),
        next_look_(clock.Now() + options_.reload_interval) {}

  // What gRPC does not have yet, or nothing.
  std::optional<TlsMaterial> Take() {
    absl::Status fault;
    std::optional<TlsMaterial> taken;
    {
      MutexLock lock(mutex_);
      fault = LookAtFiles();
      taken = std::exchange(pending_, std::nullopt);
    }
    if (!fault.ok()) {
      Log(LogLevel::kWarning, "changed TLS files refused, the old ones stay in use", {{"reason", fault.message()}});
    } else if (taken) {
      Log(LogLevel::kInfo, "TLS files loaded", {{"certificate", options_.cert_file}});
    }
    return taken;
  }

 private:
  // OK if there is nothing new. A refused state of the files is looked at once.
  absl::Status LookAtFiles() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (clock_.Now() < next_look_) return absl::OkStatus();
    next_look_ = clock_.Now() + options_.reload_interval;
    const Stamps stamps = StampsOf(options_);
    if (stamps == seen_) return absl::OkStatus();
    seen_ = stamps;
    GANSERVE_ASSIGN_OR_RETURN(pending_, ReadTlsMaterial(options_));
    return absl::OkStatus();
  }

  const TlsOptions options_;
  const Clock& clock_;
  Mutex mutex_;
  std::optional<TlsMaterial> pending_ ABSL_GUARDED_BY(mutex_);
  Stamps seen_ ABSL_GUARDED_BY(mutex_);
  Clock::TimePoint next_look_ ABSL_GUARDED_BY(mutex_);
};

// grpc_ssl_server_certificate_config_callback.
grpc_ssl_certificate_config_reload_status FetchCertificates(void* source, grpc_ssl_server_certificate_config** config) {
  const std::optional<TlsMaterial> material = static_cast<TlsFileSource*>(source)->Take();
  if (!material) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
  const grpc_ssl_pem_key_cert_pair pair{material->private_key.c_str(), material->cert_chain.c_str()};
  // gRPC 1.51 aborts without authorities for clients, although it looks at none when it asks for no certificate.
  const std::string& client_ca = material->client_ca.empty() ? material->cert_chain : material->client_ca;
  *config = grpc_ssl_server_certificate_config_create(client_ca.c_str(), &pair, 1);
  return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
}

// gRPC's C++ layer has no credentials that fetch their certificates; its C layer has.
class FetchingServerCredentials final : public grpc::ServerCredentials {
 public:
  FetchingServerCredentials(std::unique_ptr<TlsFileSource> source, grpc_ssl_client_certificate_request_type request)
      : credentials_(grpc_ssl_server_credentials_create_with_options(
            grpc_ssl_server_credentials_create_options_using_config_fetcher(request, FetchCertificates,
                                                                            source.get()))) {
    // The C credentials live as long as any listener or handshake does, possibly longer than this object. This hook
    // (with no `process`, it does nothing else) is how they take the source with them.
    grpc_server_credentials_set_auth_metadata_processor(
        credentials_, {nullptr, [](void* state) { delete static_cast<TlsFileSource*>(state); }, source.release()});
  }
  ~FetchingServerCredentials() override { grpc_server_credentials_release(credentials_); }
  FetchingServerCredentials(const FetchingServerCredentials&) = delete;
  FetchingServerCredentials& operator=(const FetchingServerCredentials&) = delete;

  // Never called: callers are authorised by TokenAuthenticator, which works without TLS, too.
  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override { std::abort(); }

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  grpc_server_credentials* const credentials_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(const TlsOptions& options,
                                                                               const Clock& clock) {
  if (options.cert_file.empty()) return grpc::InsecureServerCredentials();
  const Stamps stamps = StampsOf(options);
  GANSERVE_ASSIGN_OR_RETURN(TlsMaterial material, ReadTlsMaterial(options));
  const bool mutual = !options.client_ca_file.empty();
  return std::make_shared<FetchingServerCredentials>(
      std::make_unique<TlsFileSource>(options, clock, stamps, std::move(material)),
      mutual ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
}

}  // namespace ganserve
