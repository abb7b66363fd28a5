#include "client/client_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace ganserve::client {
namespace {

using testing::HasSubstr;

TEST(ClientOptions, KnowsWhichAddressesStayOnThisMachine) {
  for (const char* server : {"127.0.0.1:50051", "127.9.9.9:1", "localhost:1", "[::1]:1", "dns:///localhost:1",
                             "ipv4:127.0.0.1:1", "ipv6:[::1]:1", "unix:/run/x.sock"}) {
    EXPECT_TRUE(IsLoopback(server)) << server;
  }
  for (const char* server : {"example.com:1", "10.0.0.1:1", "127.0.0.1.example.com:1", "localhost.example.com:1",
                             "[::2]:1", "ipv4:127.0.0.1:1,192.0.2.1:1", "dns:///images:1"}) {
    EXPECT_FALSE(IsLoopback(server)) << server;
  }
}

TEST(ClientOptions, RefusesATokenInTheClear) {
  const absl::Status status = Validate(ClientOptions{.server = "images.example:1", .token = "secret"});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("images.example:1 without TLS, because"));
  EXPECT_THAT(std::string(status.message()), testing::Not(HasSubstr("secret")));
}

TEST(ClientOptions, AllowsATokenWithTlsOrOnThisMachine) {
  EXPECT_TRUE(Validate(ClientOptions{.server = "images.example:1", .tls = {.enabled = true}, .token = "secret"}).ok());
  EXPECT_TRUE(Validate(ClientOptions{.server = "127.0.0.1:1", .token = "secret"}).ok());
}

TEST(ClientOptions, RefusesTlsFilesWithoutTls) {
  EXPECT_THAT(std::string(Validate(ClientOptions{.tls = {.ca_file = "ca.pem"}}).message()), HasSubstr("TLS is off"));
}

TEST(ClientOptions, RefusesACertificateWithoutItsKey) {
  const ClientOptions options{.tls = {.enabled = true, .cert_file = "cert.pem"}};
  EXPECT_THAT(std::string(Validate(options).message()), HasSubstr("only the certificate cert.pem was given"));
}

TEST(ClientOptions, RefusesTokenAndTokenFileTogether) {
  EXPECT_FALSE(Validate(ClientOptions{.token = "a", .token_file = "b"}).ok());
}

TEST(ClientOptions, RefusesAnEmptyAddressAndTinyMessages) {
  EXPECT_FALSE(Validate(ClientOptions{.server = ""}).ok());
  EXPECT_FALSE(Validate(ClientOptions{.server = "a b:1"}).ok());
  EXPECT_THAT(std::string(Validate(ClientOptions{.max_message_bytes = 10}).message()), HasSubstr("4096 bytes, got 10"));
}

TEST(BearerToken, IsReadFromAFileWithoutTheWhiteSpaceAroundIt) {
  const std::string path = testing::TempDir() + "/client_options_token";
  std::ofstream(path) << "  secret-token\n";
  EXPECT_EQ(BearerToken(ClientOptions{.token_file = path}).value(), "secret-token");
}

TEST(BearerToken, RefusesFilesOfNoUseByName) {
  const std::string path = testing::TempDir() + "/client_options_bad_token";
  std::ofstream(path) << "two words\n";
  EXPECT_EQ(BearerToken(ClientOptions{.token_file = path}).status().code(), absl::StatusCode::kInvalidArgument);
  std::ofstream(path) << "\n";
  EXPECT_THAT(std::string(BearerToken(ClientOptions{.token_file = path}).status().message()), HasSubstr(path));
  const absl::Status missing = BearerToken(ClientOptions{.token_file = "/nowhere/token"}).status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.message()), HasSubstr("the token file /nowhere/token: No such file"));
}

}  // namespace
}  // namespace ganserve::client
