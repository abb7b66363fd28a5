// One client and several servers, as behind a headless Service; and clients that are not ours, by gRPC's own means.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>

#include "client/image_client.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/client/fake_image_service.h"

namespace ganserve::client {
namespace {

v1::GenerateRequest OneImage() {
  v1::GenerateRequest request;
  request.set_count(1);
  return request;
}

class ReplicasTest : public testing::Test {
 protected:
  ReplicasTest() {
    for (auto& server : servers_) server = std::make_unique<FakeServer>();
    ClientOptions options;
    options.server = "ipv4:" + servers_[0]->address() + "," + servers_[1]->address();
    options.share_connections = false;
    options.retry.wait = [](std::chrono::nanoseconds, std::stop_token) { return true; };
    client_ = ImageClient::Create(options).value();
  }

  size_t Calls(size_t server) const { return servers_[server]->service().seen().size(); }

  // Calls until every server has had one: connections are made one after the other.
  bool ReachBoth() const {
    for (int i = 0; i < 10'000 && (Calls(0) == 0 || Calls(1) == 0); ++i) {
      if (!client_->Generate(OneImage()).ok()) return false;
    }
    return Calls(0) > 0 && Calls(1) > 0;
  }

  std::array<std::unique_ptr<FakeServer>, 2> servers_;
  std::unique_ptr<ImageClient> client_;
};

TEST_F(ReplicasTest, CallsAreSpreadOverAllOfThem) {
  ASSERT_TRUE(ReachBoth());
  const size_t before = Calls(0);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(client_->Generate(OneImage()).ok());
  EXPECT_EQ(Calls(0) - before, 10u);
}

TEST_F(ReplicasTest, ACallThatOneIsTooBusyOrStoppingForIsServedByTheOther) {
  ASSERT_TRUE(ReachBoth());
  for (const auto& server : servers_) {
    server->service().Script({{.status = {grpc::StatusCode::UNAVAILABLE, "stopping"}}});
  }
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(client_->Generate(OneImage()).ok());
}

TEST_F(ReplicasTest, NoCallFailsWhenOneOfThemIsGone) {
  ASSERT_TRUE(ReachBoth());
  servers_[0].reset();
  for (int i = 0; i < 20; ++i) {
    const auto result = client_->Generate(OneImage());
    EXPECT_TRUE(result.ok()) << result.status();
  }
}

// client/service_config.json is what client/README.md offers to clients in any language.
class ServiceConfigTest : public testing::Test {
 protected:
  ServiceConfigTest() {
    grpc::ChannelArguments arguments;
    arguments.SetServiceConfigJSON(ReadWhole(GANSERVE_SERVICE_CONFIG));
    stub_ = v1::ImageService::NewStub(
        grpc::CreateCustomChannel(server_.address(), grpc::InsecureChannelCredentials(), arguments));
  }

  grpc::Status Generate() const {
    grpc::ClientContext context;
    v1::GenerateResponse response;
    return stub_->Generate(&context, OneImage(), &response);
  }

  FakeServer server_;
  std::unique_ptr<v1::ImageService::Stub> stub_;
};

TEST_F(ServiceConfigTest, MakesGrpcTryAgainWhereAServerIsStoppingOrFull) {
  server_.service().Script({{.status = {grpc::StatusCode::UNAVAILABLE, "stopping"}, .pushback_ms = "1"},
                            {.status = {grpc::StatusCode::CANCELLED, "reset"}, .pushback_ms = "1"},
                            {.status = {grpc::StatusCode::RESOURCE_EXHAUSTED, "full"}, .pushback_ms = "1"}});
  const grpc::Status status = Generate();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(server_.service().seen().size(), 4u);
}

TEST_F(ServiceConfigTest, HonoursAServerThatDoesNotWantToSeeTheCallAgain) {
  server_.service().Script({{.status = {grpc::StatusCode::RESOURCE_EXHAUSTED, "full"}, .pushback_ms = "-1"}});
  EXPECT_EQ(Generate().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(server_.service().seen().size(), 1u);
}

TEST_F(ServiceConfigTest, DoesNotRepeatWhatIsWrong) {
  server_.service().Script({{.status = {grpc::StatusCode::INVALID_ARGUMENT, "count is 0"}}});
  EXPECT_EQ(Generate().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(server_.service().seen().size(), 1u);
}

}  // namespace
}  // namespace ganserve::client
