// TLS and mutual TLS with certificates made here by the openssl command.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "client/image_client.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/client/fake_image_service.h"

namespace ganserve::client {
namespace {

std::string ReadFile(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// A folder with a certificate authority, a certificate of the server "images.test" and one of a client.
class Certificates {
 public:
  Certificates() {
    Openssl("req -x509 -nodes -days 2 -subj /CN=ca" + NewKey("ca") + " -out " + Path("ca.pem"));
    Issue("server", "images.test");
    Issue("client", "client.test");
  }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }

 private:
  void Issue(const std::string& name, const std::string& host) const {
    Openssl("req -x509 -nodes -days 2 -subj /CN=" + host + " -addext subjectAltName=DNS:" + host + NewKey(name) +
            " -CA " + Path("ca.pem") + " -CAkey " + Path("ca.key") + " -out " + Path(name + ".pem"));
  }
  std::string NewKey(const std::string& name) const {
    return " -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -keyout " + Path(name + ".key");
  }
  void Openssl(const std::string& arguments) const {
    const std::string command = "openssl " + arguments + " >" + Path("log") + " 2>&1";
    EXPECT_EQ(std::system(command.c_str()), 0) << command << "\n" << ReadFile(Path("log"));
  }

  const TemporaryFolder temporary_folder_;
  const std::string& folder_ = temporary_folder_.path();
};

class TlsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { certificates_ = new Certificates; }
  static void TearDownTestSuite() {
    delete certificates_;
    certificates_ = nullptr;
  }

  static std::shared_ptr<grpc::ServerCredentials> ServerCredentials(bool mutual) {
    grpc::SslServerCredentialsOptions options(mutual ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                                     : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
    options.pem_root_certs = ReadFile(certificates_->Path("ca.pem"));
    options.pem_key_cert_pairs.push_back(
        {ReadFile(certificates_->Path("server.key")), ReadFile(certificates_->Path("server.pem"))});
    return grpc::SslServerCredentials(options);
  }

  static absl::Status Call(const FakeServer& server, const TlsOptions& tls) {
    const ClientOptions options{.server = server.address(), .tls = tls, .retry = {.max_attempts = 1}};
    return ImageClient::Create(options).value()->GetServerInfo().status();
  }

  static TlsOptions Trusting() {
    return {.enabled = true, .ca_file = certificates_->Path("ca.pem"), .server_name = "images.test"};
  }

  static Certificates* certificates_;
};

Certificates* TlsTest::certificates_ = nullptr;

TEST_F(TlsTest, ReachesAServerThatItsAuthorityVouchesFor) {
  const FakeServer server(ServerCredentials(false));
  EXPECT_TRUE(Call(server, Trusting()).ok()) << Call(server, Trusting());
}

TEST_F(TlsTest, RefusesAServerOfAnotherName) {
  const FakeServer server(ServerCredentials(false));
  TlsOptions tls = Trusting();
  tls.server_name = "other.test";
  EXPECT_EQ(Call(server, tls).code(), absl::StatusCode::kUnavailable);
}

TEST_F(TlsTest, RefusesAServerOfAnUnknownAuthority) {
  const FakeServer server(ServerCredentials(false));
  TlsOptions tls = Trusting();
  tls.ca_file = certificates_->Path("client.pem");
  EXPECT_EQ(Call(server, tls).code(), absl::StatusCode::kUnavailable);
}

TEST_F(TlsTest, ShowsItsOwnCertificateWhereOneIsRequired) {
  const FakeServer server(ServerCredentials(true));
  TlsOptions tls = Trusting();
  EXPECT_EQ(Call(server, tls).code(), absl::StatusCode::kUnavailable);
  tls.cert_file = certificates_->Path("client.pem");
  tls.key_file = certificates_->Path("client.key");
  EXPECT_TRUE(Call(server, tls).ok()) << Call(server, tls);
}

}  // namespace
}  // namespace ganserve::client
