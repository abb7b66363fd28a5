// Who gets in, and what a client finds without knowing the service: TLS, tokens, health, reflection.
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/integration/image_caller.h"
#include "tests/support/server_process.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/rpc/credentials/test_certificates.h"

namespace ganserve {
namespace {

using grpc::StatusCode;
using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckResponse;

grpc::Status CheckHealth(const ImageCaller& caller, const std::string& service,
                         HealthCheckResponse::ServingStatus* serving) {
  grpc::ClientContext context;
  Apply({}, &context);
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(service);
  HealthCheckResponse response;
  const grpc::Status status = Health::NewStub(caller.channel())->Check(&context, request, &response);
  *serving = response.status();
  return status;
}

// One request and one answer of a method for which there is no generated code.
grpc::Status CallRaw(const ImageCaller& caller, const std::string& method, const std::string& request,
                     std::string* response, const CallSettings& settings = {}) {
  grpc::GenericStub stub(caller.channel());
  grpc::ClientContext context;
  Apply(settings, &context);
  const grpc::Slice slice(request);
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareUnaryCall(&context, method, grpc::ByteBuffer(&slice, 1), &queue);
  call->StartCall();
  grpc::ByteBuffer answer;
  grpc::Status status;
  call->Finish(&answer, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  std::vector<grpc::Slice> slices;
  if (status.ok() && answer.Dump(&slices).ok()) {
    for (const grpc::Slice& part : slices) response->append(reinterpret_cast<const char*>(part.begin()), part.size());
  }
  return status;
}

constexpr char kReflection[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
// ServerReflectionRequest{list_services: "*"}, field 7.
constexpr char kListServices[] = "\x3a\x01*";

TEST(DiscoveryTest, HealthAnswersForTheServerAndTheService) {
  const ServerProcess server;
  ASSERT_TRUE(server.ready());
  const ImageCaller caller(server.address());
  for (const std::string service : {"", "ganserve.v1.ImageService"}) {
    HealthCheckResponse::ServingStatus serving;
    ASSERT_TRUE(CheckHealth(caller, service, &serving).ok());
    EXPECT_EQ(serving, HealthCheckResponse::SERVING);
  }
  HealthCheckResponse::ServingStatus serving;
  EXPECT_EQ(CheckHealth(caller, "other.Service", &serving).error_code(), StatusCode::NOT_FOUND);
}

TEST(DiscoveryTest, ReflectionDescribesTheServiceUnlessItIsOff) {
  const ServerProcess server;
  ASSERT_TRUE(server.ready());
  const ImageCaller caller(server.address());
  std::string services;
  ASSERT_TRUE(CallRaw(caller, kReflection, kListServices, &services).ok());
  EXPECT_NE(services.find("ganserve.v1.ImageService"), std::string::npos);
  EXPECT_NE(services.find("grpc.health.v1.Health"), std::string::npos);
  // ServerReflectionRequest{file_containing_symbol: "ganserve.v1.ImageService"}, field 4.
  std::string file;
  ASSERT_TRUE(CallRaw(caller, kReflection, "\x22\x18ganserve.v1.ImageService", &file).ok());
  EXPECT_NE(file.find("GenerateStream"), std::string::npos);

  const ServerProcess silent({"--reflection", "off"});
  ASSERT_TRUE(silent.ready());
  EXPECT_EQ(CallRaw(ImageCaller(silent.address()), kReflection, kListServices, &services).error_code(),
            StatusCode::UNIMPLEMENTED);
}

TEST(TlsTest, OnlyClientsThatTheAuthorityKnowsGetImagesAndNobodyWithoutTls) {
  const TemporaryFolder folder;
  const KeyAndCertificate authority = MakeAuthority("test authority");
  const KeyAndCertificate identity = Issue(authority, "server");
  const KeyAndCertificate client = Issue(authority, "client");
  const ServerProcess server({"--tls-cert", folder.Write("server.pem", identity.certificate), "--tls-key",
                              folder.Write("server.key", identity.key), "--tls-client-ca",
                              folder.Write("ca.pem", authority.certificate)});
  ASSERT_TRUE(server.ready());
  const auto status = [&](const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
    return ImageCaller(server.address(), credentials).Generate(ImageRequest(1, 3)).status;
  };
  const grpc::Status known = status(grpc::SslCredentials(
      {.pem_root_certs = authority.certificate, .pem_private_key = client.key, .pem_cert_chain = client.certificate}));
  EXPECT_TRUE(known.ok()) << known.error_message();
  const KeyAndCertificate stranger = Issue(MakeAuthority("another authority"), "client");
  EXPECT_EQ(status(grpc::SslCredentials({.pem_root_certs = authority.certificate,
                                         .pem_private_key = stranger.key,
                                         .pem_cert_chain = stranger.certificate}))
                .error_code(),
            StatusCode::UNAVAILABLE);
  EXPECT_EQ(status(grpc::SslCredentials(
                       {.pem_root_certs = authority.certificate, .pem_private_key = "", .pem_cert_chain = ""}))
                .error_code(),
            StatusCode::UNAVAILABLE);
  EXPECT_EQ(status(grpc::InsecureChannelCredentials()).error_code(), StatusCode::UNAVAILABLE);
}

TEST(TokenTest, OpensEachGroupOfMethodsToItsTokensAndHealthToAll) {
  const TemporaryFolder folder;
  const ServerProcess server({"--token-file", "generate=" + folder.Write("generate", "generate-0123456789\n"),
                              "--token-file", "info=" + folder.Write("info", "info-0123456789abcdef\n"), "--token-file",
                              "admin=" + folder.Write("admin", "admin-0123456789abc\n")});
  ASSERT_TRUE(server.ready());
  const ImageCaller caller(server.address());
  const auto with = [](const std::string& token) {
    return CallSettings{.metadata = {{"authorization", "Bearer " + token}}, .deadline = {}};
  };
  const auto request = ImageRequest(1, 3);
  EXPECT_TRUE(caller.Generate(request, with("generate-0123456789")).status.ok());
  EXPECT_TRUE(caller.Stream(request, with("generate-0123456789")).status.ok());
  EXPECT_EQ(caller.Generate(request).status.error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(caller.Stream(request).status.error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(caller.Generate(request, with("info-0123456789abcdef")).status.error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_NE(caller.Generate(request).trailer("x-request-id"), "");

  const auto info = [&](const CallSettings& settings) {
    grpc::ClientContext context;
    Apply(settings, &context);
    v1::GetServerInfoResponse response;
    return caller.stub().GetServerInfo(&context, {}, &response).error_code();
  };
  EXPECT_EQ(info(with("info-0123456789abcdef")), StatusCode::OK);
  EXPECT_EQ(info({}), StatusCode::UNAUTHENTICATED);

  const auto list_models = [&](const CallSettings& settings) {
    std::string answer;
    return CallRaw(caller, "/ganserve.v1.ModelService/ListModels", "", &answer, settings).error_code();
  };
  EXPECT_EQ(list_models(with("admin-0123456789abc")), StatusCode::OK);
  EXPECT_EQ(list_models(with("generate-0123456789")), StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(list_models({}), StatusCode::UNAUTHENTICATED);

  HealthCheckResponse::ServingStatus serving;
  EXPECT_TRUE(CheckHealth(caller, "", &serving).ok());
}

TEST(TokenTest, ATokenForImagesClosesTrainingAndModelsUntilTheyHaveTheirOwn) {
  const TemporaryFolder folder;
  const ServerProcess server({"--token-file", "generate=" + folder.Write("generate", "generate-0123456789\n")});
  ASSERT_TRUE(server.ready());
  const ImageCaller caller(server.address());
  std::string answer;
  const grpc::Status status = CallRaw(caller, "/ganserve.v1.TrainingService/ListTrainJobs", "", &answer);
  EXPECT_EQ(status.error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(status.error_message(), testing::HasSubstr("--token-file admin=FILE"));
}

TEST(TokenTest, CallersWithoutATokenDoNotFillTheLog) {
  const TemporaryFolder folder;
  ServerProcess server({"--token-file", "generate=" + folder.Write("generate", "generate-0123456789\n")});
  ASSERT_TRUE(server.ready());
  const ImageCaller caller(server.address());
  EXPECT_EQ(caller.Generate(ImageRequest(1, 1), {.metadata = {{"x-request-id", "stranger"}}, .deadline = {}})
                .status.error_code(),
            StatusCode::UNAUTHENTICATED);
  const CallSettings known{.metadata = {{"x-request-id", "friend"}, {"authorization", "Bearer generate-0123456789"}},
                           .deadline = {}};
  EXPECT_EQ(caller.Generate(ImageRequest(1, 0), known).status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(server.WaitForLine("friend"));
  EXPECT_THAT(server.log(), testing::Not(testing::Contains(testing::HasSubstr("stranger"))));
}

}  // namespace
}  // namespace ganserve
