// Stopping: no accepted call is lost, and health tells the truth.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>
#include <thread>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/integration/image_caller.h"
#include "tests/support/server_process.h"

namespace ganserve {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using testing::AnyOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

// A Watch of the service's health.
class HealthWatch {
 public:
  explicit HealthWatch(const ImageCaller& caller, const std::string& service = "")
      : stub_(Health::NewStub(caller.channel())) {
    Apply({}, &context_);
    HealthCheckRequest request;
    request.set_service(service);
    reader_ = stub_->Watch(&context_, request);
  }
  ~HealthWatch() { Cancel(); }

  void Cancel() { context_.TryCancel(); }

  // Waits for the next status; UNKNOWN if the watch has ended.
  HealthCheckResponse::ServingStatus Next() {
    HealthCheckResponse response;
    return reader_->Read(&response) ? response.status() : HealthCheckResponse::UNKNOWN;
  }

  // After Next has said UNKNOWN.
  grpc::Status Finish() { return reader_->Finish(); }

 private:
  const std::unique_ptr<Health::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<HealthCheckResponse>> reader_;
};

// Calls one after the other until one is refused, and judges every answer.
struct Worker {
  int complete = 0;
  int wrong = 0;
  grpc::Status last;

  void Run(const std::string& address, uint64_t seed) {
    const ImageCaller caller(address);
    for (uint32_t count = 1;; count = count % 50 + 7) {
      const Answer answer = caller.Generate(ImageRequest(seed, count));
      last = answer.status;
      if (!last.ok()) return;
      ++(answer.response.images_size() == static_cast<int>(count) ? complete : wrong);
    }
  }
};

TEST(StopTest, SigtermUnderLoadLosesNoAcceptedCall) {
  ServerProcess server({"--drain-grace", "300ms", "--drain-timeout", "120s", "--log-level", "debug"});
  ASSERT_TRUE(server.ready());
  const ImageCaller caller(server.address());
  HealthWatch watch(caller);
  ASSERT_EQ(watch.Next(), HealthCheckResponse::SERVING);

  Answer stream;
  std::vector<Worker> workers(4);
  {
    std::vector<std::jthread> threads;
    for (Worker& worker : workers) {
      threads.emplace_back([&server, &worker, seed = threads.size()] { worker.Run(server.address(), seed); });
    }
    // Expectations, not assertions: the callers end only when the server does.
    EXPECT_TRUE(
        Eventually([&] { return server.Metric("ganserve_requests_total{code=\"OK\",method=\"Generate\"}") > 20; }));
    threads.emplace_back([&caller, &stream] { stream = caller.Stream(ImageRequest(5, 2'000)); });
    EXPECT_TRUE(
        Eventually([&] { return server.Metric("ganserve_requests_in_flight{method=\"GenerateStream\"}") == 1; }));
    server.Signal(SIGTERM);
    EXPECT_EQ(watch.Next(), HealthCheckResponse::NOT_SERVING);
  }
  EXPECT_TRUE(stream.status.ok()) << stream.status.error_message();
  EXPECT_EQ(stream.response.images_size(), 2'000);
  for (const Worker& worker : workers) {
    EXPECT_GT(worker.complete, 0);
    EXPECT_EQ(worker.wrong, 0);
    // gRPC itself resets a call that arrives after its GOAWAY, before the client has read that.
    EXPECT_THAT(worker.last.error_code(), AnyOf(grpc::StatusCode::UNAVAILABLE, grpc::StatusCode::CANCELLED))
        << worker.last.error_message();
  }
  EXPECT_EQ(server.Wait(), 0);
  // What a handler saw was accepted, and none of it was cancelled.
  const std::vector<std::string> log = server.log();
  EXPECT_THAT(log, Contains(HasSubstr("\"code\":\"OK\"")));
  EXPECT_THAT(log, Not(Contains(HasSubstr("\"code\":\"CANCELLED\""))));
  EXPECT_TRUE(server.WaitForLine("\"message\":\"stopped\""));
}

TEST(StopTest, AnOpenWatchOfHealthDoesNotHoldTheExit) {
  ServerProcess server({"--drain-grace", "0s", "--drain-timeout", "1h"});
  ASSERT_TRUE(server.ready());
  const ImageCaller caller(server.address());
  HealthWatch known(caller);
  HealthWatch unknown(caller, "no.such.Service");
  ASSERT_EQ(known.Next(), HealthCheckResponse::SERVING);
  ASSERT_EQ(unknown.Next(), HealthCheckResponse::SERVICE_UNKNOWN);
  server.Signal(SIGTERM);
  EXPECT_EQ(known.Next(), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(known.Next(), HealthCheckResponse::UNKNOWN) << "the watch goes on";
  EXPECT_EQ(known.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(unknown.Next(), HealthCheckResponse::UNKNOWN) << "the watch goes on";
  EXPECT_EQ(server.Wait(), 0);
}

TEST(StopTest, CallsAreAcceptedDuringTheGracePeriodWhileHealthSaysNotServing) {
  ServerProcess server({"--drain-grace", "1h"});
  ASSERT_TRUE(server.ready());
  const ImageCaller caller(server.address());
  HealthWatch all(caller);
  HealthWatch images(caller, "ganserve.v1.ImageService");
  ASSERT_EQ(all.Next(), HealthCheckResponse::SERVING);
  ASSERT_EQ(images.Next(), HealthCheckResponse::SERVING);
  server.Signal(SIGTERM);
  EXPECT_EQ(all.Next(), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(images.Next(), HealthCheckResponse::NOT_SERVING);
  EXPECT_TRUE(caller.Generate(ImageRequest(1, 3)).status.ok());
  EXPECT_TRUE(ImageCaller(server.address()).Generate(ImageRequest(1, 3)).status.ok()) << "a new connection";
}

TEST(StopTest, ASecondSignalEndsTheProcessAtOnce) {
  for (const int signal : {SIGTERM, SIGINT}) {
    ServerProcess server({"--drain-grace", "1h"});
    ASSERT_TRUE(server.ready());
    server.Signal(signal);
    ASSERT_TRUE(server.WaitForLine("\"message\":\"stopping\""));
    server.Signal(signal);
    EXPECT_EQ(server.Wait(), 128 + signal);
  }
}

TEST(StopTest, CallsThatDoNotFinishInTimeAreCancelled) {
  ServerProcess server({"--drain-grace", "0s", "--drain-timeout", "100ms"});
  ASSERT_TRUE(server.ready());
  const ImageCaller caller(server.address());
  grpc::ClientContext context;
  Apply({}, &context);
  const auto reader = caller.stub().GenerateStream(&context, ImageRequest(1, 10'000'000));
  v1::GeneratedImage image;
  ASSERT_TRUE(reader->Read(&image));
  server.Signal(SIGTERM);
  while (reader->Read(&image)) continue;
  const grpc::Status status = reader->Finish();
  EXPECT_TRUE(status.error_code() == grpc::StatusCode::CANCELLED ||
              status.error_code() == grpc::StatusCode::UNAVAILABLE)
      << status.error_message();
  EXPECT_EQ(server.Wait(), 0);
}

}  // namespace
}  // namespace ganserve
