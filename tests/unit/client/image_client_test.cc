#include "client/image_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <thread>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/unit/client/fake_image_service.h"

namespace ganserve::client {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

grpc::Status Unavailable() { return {grpc::StatusCode::UNAVAILABLE, "stopping"}; }

// A status with google.rpc.RetryInfo among its details, as the server sends it.
grpc::Status Full(int retry_ms) {
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_nanos(retry_ms * 1'000'000);
  google::rpc::Status details;
  details.add_details()->PackFrom(info);
  return {grpc::StatusCode::RESOURCE_EXHAUSTED, "the queue is full", details.SerializeAsString()};
}

v1::GenerateRequest Request(uint64_t seed, uint32_t count) {
  v1::GenerateRequest request;
  request.set_seed(seed);
  request.set_count(count);
  return request;
}

class ImageClientTest : public testing::Test {
 protected:
  // A client whose waits only take note, without jitter.
  std::unique_ptr<ImageClient> MakeClient(ClientOptions options = {}) {
    options.server = server_.address();
    options.retry.jitter = 0;
    options.retry.wait = [this](std::chrono::nanoseconds delay, std::stop_token) {
      waits_.push_back(std::chrono::duration_cast<milliseconds>(delay));
      return true;
    };
    return ImageClient::Create(options).value();
  }

  FakeServer server_;
  std::vector<milliseconds> waits_;
};

TEST_F(ImageClientTest, GivesTheImagesAndTheServersRequestId) {
  const absl::StatusOr<GenerateResult> result = MakeClient()->Generate(Request(5, 3));
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->response.images_size(), 3);
  EXPECT_EQ(result->response.images(2).index(), 2u);
  EXPECT_EQ(result->response.info().model(), "fake");
  EXPECT_EQ(result->call.request_id, "made-by-server");
  EXPECT_EQ(result->call.attempts, 1);
}

TEST_F(ImageClientTest, SendsTheRequestIdTheTokenAndADeadline) {
  const auto client = MakeClient({.token = "secret"});
  ASSERT_TRUE(client->Generate(Request(5, 1), {.request_id = "mine"}).ok());
  const SeenCall seen = server_.service().seen().at(0);
  EXPECT_EQ(seen.request_id, "mine");
  EXPECT_EQ(seen.authorization, "Bearer secret");
  EXPECT_TRUE(seen.has_deadline);
}

TEST_F(ImageClientTest, SendsNoDeadlineForATimeoutOfZero) {
  ASSERT_TRUE(MakeClient({.timeout = milliseconds(0)})->Generate(Request(5, 1)).ok());
  EXPECT_FALSE(server_.service().seen().at(0).has_deadline);
}

TEST_F(ImageClientTest, RefusesARequestIdThatCannotBeSent) {
  const absl::Status status = MakeClient()->Generate(Request(5, 1), {.request_id = "two words"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(server_.service().seen().empty());
}

TEST_F(ImageClientTest, TriesAgainWhileTheServerIsUnavailable) {
  server_.service().Script({{.status = Unavailable()}, {.status = Unavailable()}});
  const absl::StatusOr<GenerateResult> result = MakeClient()->Generate(Request(5, 2));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->response.images_size(), 2);
  EXPECT_EQ(result->call.attempts, 3);
  EXPECT_THAT(waits_, testing::ElementsAre(milliseconds(100), milliseconds(200)));
}

TEST_F(ImageClientTest, GivesUpAfterTheLastAttempt) {
  server_.service().Script(std::vector<Reply>(10, {.status = Unavailable()}));
  const absl::Status status = MakeClient({.retry = {.max_attempts = 3}})->Generate(Request(5, 1)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "stopping (3 attempts, request id made-by-server)");
  EXPECT_EQ(server_.service().seen().size(), 3u);
}

TEST_F(ImageClientTest, DoesNotRepeatARequestThatIsWrong) {
  server_.service().Script({{.status = {grpc::StatusCode::INVALID_ARGUMENT, "count is 0"}}});
  const absl::Status status = MakeClient()->Generate(Request(5, 0), {.request_id = "mine"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "count is 0 (request id mine)");
  EXPECT_EQ(server_.service().seen().size(), 1u);
}

TEST_F(ImageClientTest, WaitsAsLongAsAFullServerAsks) {
  server_.service().Script({{.status = Full(40)}, {.status = Full(40), .pushback_ms = "70"}});
  ASSERT_TRUE(MakeClient({.retry = {.retry_resource_exhausted = true}})->Generate(Request(5, 1)).ok());
  EXPECT_THAT(waits_, testing::ElementsAre(milliseconds(40), milliseconds(70)));
}

TEST_F(ImageClientTest, LeavesAFullServerAloneByDefault) {
  server_.service().Script({{.status = Full(40)}});
  EXPECT_EQ(MakeClient()->Generate(Request(5, 1)).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(server_.service().seen().size(), 1u);
}

TEST_F(ImageClientTest, DoesNotWaitPastTheDeadline) {
  server_.service().Script({{.status = Unavailable(), .pushback_ms = "30001"}});
  EXPECT_EQ(MakeClient()->Generate(Request(5, 1)).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(waits_.empty());
}

TEST_F(ImageClientTest, EndsACallAtItsDeadline) {
  // Shared, because the call may reach the service after the client has given it up.
  const auto answered = std::make_shared<std::latch>(1);
  server_.service().Script({{.before_end = [answered] { answered->wait(); }}});
  const absl::Status status = MakeClient()->Generate(Request(5, 1), {.timeout = milliseconds(20)}).status();
  answered->count_down();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(waits_.empty());
}

TEST_F(ImageClientTest, CancelsACallWhenStopped) {
  const auto reached = std::make_shared<std::latch>(1);
  const auto answered = std::make_shared<std::latch>(1);
  server_.service().Script({{.before_end = [reached, answered] {
    reached->count_down();
    answered->wait();
  }}});
  std::stop_source source;
  const std::jthread stopper([&] {
    reached->wait();
    source.request_stop();
  });
  const absl::Status status = MakeClient()->Generate(Request(5, 1), {.stop = source.get_token()}).status();
  answered->count_down();
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
}

TEST_F(ImageClientTest, DescribesTheServer) {
  const absl::StatusOr<v1::GetServerInfoResponse> info = MakeClient()->GetServerInfo();
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->server_version(), "1.2.3");
}

TEST_F(ImageClientTest, TellsHealthAsItIs) {
  const auto client = MakeClient();
  EXPECT_EQ(client->CheckHealth("").value(), Health::kServing);
  server_.SetServing(false);
  EXPECT_EQ(client->CheckHealth("").value(), Health::kNotServing);
  EXPECT_EQ(client->CheckHealth("no.such.Service").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ImageClientTest, WatchesHealthUntilStopped) {
  std::vector<Health> changes;
  std::stop_source source;
  const auto on_change = [&](Health health) {
    changes.push_back(health);
    if (changes.size() == 1) server_.SetServing(false);
    if (changes.size() == 2) source.request_stop();
  };
  const absl::Status status = MakeClient()->WatchHealth("", on_change, {.stop = source.get_token()});
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_THAT(changes, testing::ElementsAre(Health::kServing, Health::kNotServing));
}

TEST(ImageClient, SaysWhyItIsNotMade) {
  const absl::Status token = ImageClient::Create({.server = "images.example:1", .token = "secret"}).status();
  EXPECT_EQ(token.code(), absl::StatusCode::kInvalidArgument);
  const absl::Status file = ImageClient::Create({.tls = {.enabled = true, .ca_file = "/nowhere/ca.pem"}}).status();
  EXPECT_THAT(std::string(file.message()), HasSubstr("the CA file /nowhere/ca.pem: No such file"));
}

}  // namespace
}  // namespace ganserve::client
