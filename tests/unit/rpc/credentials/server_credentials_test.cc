#include "server/rpc/credentials/server_credentials.h"

#include <gmock/gmock.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/temporary_folder.h"
#include "tests/unit/rpc/credentials/stepped_clock.h"
#include "tests/unit/rpc/credentials/test_certificates.h"

namespace ganserve {
namespace {

using testing::HasSubstr;

// Keys and certificates, made once: they are costly and nobody changes them.
struct Actors {
  KeyAndCertificate authority = MakeAuthority("authority");
  KeyAndCertificate other_authority = MakeAuthority("other authority");
  KeyAndCertificate server = Issue(authority, "server");
  KeyAndCertificate other_server = Issue(other_authority, "server of the other authority");
  KeyAndCertificate client = Issue(authority, "client");
  KeyAndCertificate other_client = Issue(other_authority, "client of the other authority");
};

const Actors& TheActors() {
  static const Actors actors;
  return actors;
}

class ServerCredentialsTest : public testing::Test {
 protected:
  void TearDown() override {
    if (server_) server_->Shutdown();
  }

  // By rename, as every tool that rotates certificates does.
  std::string Write(const std::string& name, const std::string& text) const {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path + ".new") << text;
    std::filesystem::rename(path + ".new", path);
    return path;
  }

  TlsOptions Install(const KeyAndCertificate& server) const {
    return {Write("cert.pem", server.certificate), Write("key.pem", server.key), "", std::chrono::milliseconds(0)};
  }
  TlsOptions InstallMutual(const KeyAndCertificate& server, const KeyAndCertificate& client_authority) const {
    TlsOptions options = Install(server);
    options.client_ca_file = Write("ca.pem", client_authority.certificate);
    return options;
  }

  // Nothing but this function holds the credentials: the server must not need them to stay.
  void Serve(const TlsOptions& options, const Clock& clock = Clock::Real()) {
    auto credentials = MakeServerCredentials(options, clock);
    ASSERT_TRUE(credentials.ok()) << credentials.status();
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", *credentials, &port_);
    builder.RegisterCallbackGenericService(&service_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
    ASSERT_NE(port_, 0);
  }

  std::shared_ptr<grpc::Channel> Dial(const std::shared_ptr<grpc::ChannelCredentials>& credentials) const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // every channel makes its own connection
    return grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port_), credentials, arguments);
  }

  // How the first attempt to connect ends.
  static grpc_connectivity_state Outcome(grpc::Channel& channel) {
    const auto deadline = std::chrono::system_clock::now() + std::chrono::seconds(30);
    grpc_connectivity_state state = channel.GetState(/*try_to_connect=*/true);
    while (state != GRPC_CHANNEL_READY && state != GRPC_CHANNEL_TRANSIENT_FAILURE) {
      if (!channel.WaitForStateChange(state, deadline)) break;
      state = channel.GetState(/*try_to_connect=*/false);
    }
    return state;
  }

  bool Connects(const KeyAndCertificate& trusted, const KeyAndCertificate& self = {}) const {
    grpc::SslCredentialsOptions options{trusted.certificate, self.key, self.certificate};
    return Outcome(*Dial(grpc::SslCredentials(options))) == GRPC_CHANNEL_READY;
  }

  const TemporaryFolder temporary_folder_;
  const std::string& folder_ = temporary_folder_.path();
  int port_ = 0;
  grpc::CallbackGenericService service_;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(ServerCredentialsTest, WithoutACertificateThereIsNoTls) {
  Serve({});
  EXPECT_EQ(Outcome(*Dial(grpc::InsecureChannelCredentials())), GRPC_CHANNEL_READY);
  EXPECT_FALSE(Connects(TheActors().authority));
}

TEST_F(ServerCredentialsTest, AClientThatTrustsTheAuthorityConnects) {
  Serve(Install(TheActors().server));
  EXPECT_TRUE(Connects(TheActors().authority));
}

TEST_F(ServerCredentialsTest, AClientThatTrustsAnotherAuthorityDoesNot) {
  Serve(Install(TheActors().server));
  EXPECT_FALSE(Connects(TheActors().other_authority));
}

TEST_F(ServerCredentialsTest, AClientWithoutTlsIsRefused) {
  Serve(Install(TheActors().server));
  EXPECT_EQ(Outcome(*Dial(grpc::InsecureChannelCredentials())), GRPC_CHANNEL_TRANSIENT_FAILURE);
}

TEST_F(ServerCredentialsTest, MutualTlsTakesOnlyClientsOfItsAuthority) {
  const Actors& actors = TheActors();
  Serve(InstallMutual(actors.server, actors.authority));
  EXPECT_TRUE(Connects(actors.authority, actors.client));
  EXPECT_FALSE(Connects(actors.authority));
  EXPECT_FALSE(Connects(actors.authority, actors.other_client));
}

TEST_F(ServerCredentialsTest, NewConnectionsGetAReplacedCertificateAndOldOnesStay) {
  const Actors& actors = TheActors();
  Serve(Install(actors.server));
  const auto standing = Dial(grpc::SslCredentials({actors.authority.certificate, "", ""}));
  ASSERT_EQ(Outcome(*standing), GRPC_CHANNEL_READY);
  Install(actors.other_server);
  EXPECT_TRUE(Connects(actors.other_authority));
  EXPECT_FALSE(Connects(actors.authority));
  EXPECT_EQ(standing->GetState(false), GRPC_CHANNEL_READY);
}

TEST_F(ServerCredentialsTest, AReplacedClientAuthorityCountsForNewConnections) {
  const Actors& actors = TheActors();
  Serve(InstallMutual(actors.server, actors.authority));
  ASSERT_TRUE(Connects(actors.authority, actors.client));
  Write("ca.pem", actors.other_authority.certificate);
  EXPECT_TRUE(Connects(actors.authority, actors.other_client));
  EXPECT_FALSE(Connects(actors.authority, actors.client));
}

TEST_F(ServerCredentialsTest, AHalfReplacedPairIsNotUsedUntilItIsWhole) {
  const Actors& actors = TheActors();
  Serve(Install(actors.server));
  ASSERT_TRUE(Connects(actors.authority));
  Write("key.pem", actors.other_server.key);
  EXPECT_TRUE(Connects(actors.authority));
  Write("cert.pem", actors.other_server.certificate);
  EXPECT_TRUE(Connects(actors.other_authority));
}

TEST_F(ServerCredentialsTest, ABadReplacementKeepsTheOldCertificateAndIsLoggedOnce) {
  const Actors& actors = TheActors();
  Serve(Install(actors.server));
  ASSERT_TRUE(Connects(actors.authority));
  Write("cert.pem", "-----BEGIN CERTIFICATE-----\nbroken\n");
  testing::internal::CaptureStderr();
  EXPECT_TRUE(Connects(actors.authority));
  EXPECT_TRUE(Connects(actors.authority));
  const std::string log = testing::internal::GetCapturedStderr();
  const size_t first = log.find("changed TLS files refused");
  ASSERT_NE(first, std::string::npos) << log;
  EXPECT_THAT(log.substr(first), HasSubstr("cert.pem: holds no PEM certificate"));
  EXPECT_EQ(log.find("changed TLS files refused", first + 1), std::string::npos) << log;
}

TEST_F(ServerCredentialsTest, ADeletedFileKeepsTheOldCertificate) {
  const Actors& actors = TheActors();
  const TlsOptions options = Install(actors.server);
  Serve(options);
  std::filesystem::remove(options.key_file);
  EXPECT_TRUE(Connects(actors.authority));
}

TEST_F(ServerCredentialsTest, FilesAreLookedAtOncePerInterval) {
  const Actors& actors = TheActors();
  SteppedClock clock;
  TlsOptions options = Install(actors.server);
  options.reload_interval = std::chrono::seconds(10);
  Serve(options, clock);
  Install(actors.other_server);
  clock.Advance(std::chrono::milliseconds(9'999));
  EXPECT_TRUE(Connects(actors.authority));
  clock.Advance(std::chrono::milliseconds(1));
  EXPECT_TRUE(Connects(actors.other_authority));
  server_->Shutdown();
  server_.reset();  // before the clock
}

class BadTlsFilesTest : public ServerCredentialsTest {
 protected:
  static std::string Fault(const TlsOptions& options) {
    const auto credentials = MakeServerCredentials(options);
    EXPECT_EQ(credentials.status().code(), absl::StatusCode::kFailedPrecondition);
    return std::string(credentials.status().message());
  }
};

TEST_F(BadTlsFilesTest, AMissingFileIsNamed) {
  TlsOptions options = Install(TheActors().server);
  std::filesystem::remove(options.key_file);
  EXPECT_EQ(Fault(options), options.key_file + ": No such file or directory");
}

TEST_F(BadTlsFilesTest, AnEmptyFileIsNamed) {
  TlsOptions options = Install(TheActors().server);
  Write("cert.pem", "");
  EXPECT_EQ(Fault(options), options.cert_file + ": empty");
}

TEST_F(BadTlsFilesTest, AFolderIsNamed) {
  TlsOptions options = Install(TheActors().server);
  options.cert_file = folder_;
  EXPECT_EQ(Fault(options), folder_ + ": not a regular file");
}

TEST_F(BadTlsFilesTest, AHugeFileIsRefused) {
  TlsOptions options = Install(TheActors().server);
  Write("cert.pem", std::string((1 << 20) + 1, 'x'));
  EXPECT_EQ(Fault(options), options.cert_file + ": larger than the limit of 1048576 bytes");
}

TEST_F(BadTlsFilesTest, AKeyInThePlaceOfACertificateIsNamed) {
  TlsOptions options = Install(TheActors().server);
  options.cert_file = options.key_file;
  EXPECT_EQ(Fault(options), options.key_file + ": holds no PEM certificate");
}

TEST_F(BadTlsFilesTest, AMalformedIntermediateIsCounted) {
  TlsOptions options = Install(TheActors().server);
  Write("cert.pem", TheActors().server.certificate + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  EXPECT_EQ(Fault(options), options.cert_file + ": certificate 2 of the file is malformed");
}

TEST_F(BadTlsFilesTest, AKeyBehindAPassphraseIsRefused) {
  TlsOptions options = Install(TheActors().server);
  Write("key.pem", Encrypted(TheActors().server.key));
  EXPECT_EQ(Fault(options), options.key_file + ": holds no PEM private key without a passphrase");
}

TEST_F(BadTlsFilesTest, AKeyOfAnotherCertificateIsRefused) {
  TlsOptions options = Install(TheActors().server);
  Write("key.pem", TheActors().client.key);
  EXPECT_EQ(Fault(options), options.key_file + ": is not the private key of the certificate in " + options.cert_file);
}

TEST_F(BadTlsFilesTest, AClientAuthorityThatIsNoneIsNamed) {
  TlsOptions options = Install(TheActors().server);
  options.client_ca_file = Write("ca.pem", "hello\n");
  EXPECT_EQ(Fault(options), options.client_ca_file + ": holds no PEM certificate");
}

}  // namespace
}  // namespace ganserve
