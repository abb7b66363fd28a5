#include "server/rpc/health_port.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "grpc/health/v1/health.grpc.pb.h"

namespace ganserve {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using ::testing::HasSubstr;

HealthCheckRequest Named(const std::string& name) {
  HealthCheckRequest request;
  request.set_service(name);
  return request;
}

class HealthPortTest : public testing::Test {
 protected:
  HealthPortTest() {
    auto port = HealthPort::Open("127.0.0.1:0", {"a.Service"});
    EXPECT_TRUE(port.ok()) << port.status();
    port_ = *std::move(port);
    stub_ = Health::NewStub(grpc::CreateChannel(port_->address(), grpc::InsecureChannelCredentials()));
  }

  HealthCheckResponse::ServingStatus Check(const std::string& name) const {
    grpc::ClientContext context;
    HealthCheckResponse response;
    const grpc::Status status = stub_->Check(&context, Named(name), &response);
    return status.ok() ? response.status() : HealthCheckResponse::UNKNOWN;
  }

  std::unique_ptr<HealthPort> port_;
  std::unique_ptr<Health::Stub> stub_;
};

TEST_F(HealthPortTest, IsLiveAtOnceAndReadyFromOneAnnouncementToTheOther) {
  const auto expect_readiness = [this](HealthCheckResponse::ServingStatus status) {
    for (const char* name : {"", "ready", "a.Service"}) EXPECT_EQ(Check(name), status) << name;
    EXPECT_EQ(Check("live"), HealthCheckResponse::SERVING);
  };
  expect_readiness(HealthCheckResponse::NOT_SERVING);
  port_->AnnounceReady();
  expect_readiness(HealthCheckResponse::SERVING);
  port_->AnnounceStop();
  expect_readiness(HealthCheckResponse::NOT_SERVING);
  port_->AnnounceReady();
  expect_readiness(HealthCheckResponse::NOT_SERVING);
}

TEST_F(HealthPortTest, KnowsNoOtherNames) { EXPECT_EQ(Check("other.Service"), HealthCheckResponse::UNKNOWN); }

TEST_F(HealthPortTest, WatchersAreToldOfEveryChangeAndEndWithThePort) {
  grpc::ClientContext ready_context;
  grpc::ClientContext live_context;
  const auto ready = stub_->Watch(&ready_context, Named("ready"));
  const auto live = stub_->Watch(&live_context, Named("live"));
  HealthCheckResponse response;
  ASSERT_TRUE(live->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  ASSERT_TRUE(ready->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  port_->AnnounceReady();
  ASSERT_TRUE(ready->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  port_->AnnounceStop();
  ASSERT_TRUE(ready->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  port_.reset();
  EXPECT_FALSE(ready->Read(&response));
  EXPECT_FALSE(live->Read(&response)) << "nothing has changed for it";
  EXPECT_EQ(live->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(HealthPortTest, ATakenPortIsAnErrorThatNamesIt) {
  const absl::Status status = HealthPort::Open(port_->address(), {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("cannot listen on " + port_->address()));
}

}  // namespace
}  // namespace ganserve
