// Health tells the truth at every moment of a server's life, on the API's port and on one of its own.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/integration/image_caller.h"
#include "tests/support/script_model.h"
#include "tests/support/server_process.h"
#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

constexpr auto kServing = HealthCheckResponse::SERVING;
constexpr auto kNotServing = HealthCheckResponse::NOT_SERVING;

const std::vector<std::string> kReadinessNames = {"", "ready", "ganserve.v1.ImageService", "ganserve.v1.ModelService",
                                                  "ganserve.v1.TrainingService"};

// Asks as a probe does, on a connection of its own. UNKNOWN: no answer.
HealthCheckResponse::ServingStatus Probe(const std::string& address, const std::string& name) {
  const ImageCaller caller(address);
  grpc::ClientContext context;
  Apply({}, &context);
  HealthCheckRequest request;
  request.set_service(name);
  HealthCheckResponse response;
  const grpc::Status status = Health::NewStub(caller.channel())->Check(&context, request, &response);
  EXPECT_TRUE(status.ok()) << name << ": " << status.error_message();
  return response.status();
}

void ExpectReadiness(const std::string& address, HealthCheckResponse::ServingStatus expected) {
  for (const std::string& name : kReadinessNames) EXPECT_EQ(Probe(address, name), expected) << name;
  EXPECT_EQ(Probe(address, "live"), kServing);
}

TEST(HealthTest, IsLiveBeforeItsModelsAreLoadedAndReadyOnceTheyAreWarm) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.File("shoes/1"));
  // Whoever reads the model waits until the test writes it.
  ASSERT_EQ(::mkfifo(folder.File("shoes/1/model.pt").c_str(), 0600), 0);
  ServerProcess server({"--models", folder.path(), "--health-listen", "127.0.0.1:0"},
                       ServerProcess::Until::kHealthPort);
  ASSERT_NE(server.health_address(), "");
  ExpectReadiness(server.health_address(), kNotServing);

  folder.Write("shoes/1/model.pt", SmallDcgan(1));
  ASSERT_TRUE(server.WaitUntilReady());
  ExpectReadiness(server.health_address(), kServing);
  ExpectReadiness(server.address(), kServing);
  EXPECT_EQ(server.Metric("ganserve_ready"), 1);
}

TEST(HealthTest, IsLiveAndNotReadyUntilAnEmptyRepositoryGetsItsFirstModel) {
  const TemporaryFolder folder;
  const std::string models = folder.File("models");
  std::filesystem::create_directories(models);
  std::filesystem::create_directories(folder.File("new/1"));
  folder.Write("new/1/model.pt", SmallDcgan(1));
  ServerProcess server({"--models", models, "--models-poll-interval", "100ms", "--health-listen", "127.0.0.1:0"},
                       ServerProcess::Until::kNoModel);
  ASSERT_NE(server.address(), "");
  ExpectReadiness(server.health_address(), kNotServing);
  ExpectReadiness(server.address(), kNotServing);
  EXPECT_EQ(server.Metric("ganserve_ready"), 0);
  const grpc::Status early = ImageCaller(server.address()).Generate(ImageRequest(1, 1)).status;
  EXPECT_EQ(early.error_code(), grpc::StatusCode::UNAVAILABLE) << early.error_message();

  std::filesystem::rename(folder.File("new"), models + "/shoes");
  ASSERT_TRUE(server.WaitUntilReady());
  ExpectReadiness(server.health_address(), kServing);
  ExpectReadiness(server.address(), kServing);
  EXPECT_EQ(server.Metric("ganserve_ready"), 1);
  EXPECT_EQ(ImageCaller(server.address()).Generate(ImageRequest(1, 1)).response.info().model(), "shoes");
}

TEST(HealthTest, StaysLiveWhileItDrains) {
  ServerProcess server({"--drain-grace", "1h", "--health-listen", "127.0.0.1:0"});
  ASSERT_TRUE(server.ready());
  server.Signal(SIGTERM);
  EXPECT_TRUE(Eventually([&] { return server.Metric("ganserve_ready") == 0; }));
  EXPECT_TRUE(Eventually([&] { return Probe(server.health_address(), "ready") == kNotServing; }));
  ExpectReadiness(server.health_address(), kNotServing);
  ExpectReadiness(server.address(), kNotServing);
  EXPECT_TRUE(ImageCaller(server.address()).Generate(ImageRequest(1, 1)).status.ok());
}

TEST(HealthTest, StaysReadyAndLiveWhenCallsAreRefused) {
  const ServerProcess server({"--workers", "1", "--max-queue-images", "200", "--max-images-per-call", "200",
                              "--health-listen", "127.0.0.1:0"});
  ASSERT_TRUE(server.ready());
  const ImageCaller caller(server.address());
  std::vector<std::jthread> busy(8);
  for (std::jthread& one : busy) {
    one = std::jthread([&caller](const std::stop_token& stop) {
      while (!stop.stop_requested()) caller.Generate(ImageRequest(0, 150));
    });
  }
  EXPECT_TRUE(Eventually([&] { return server.Metric("ganserve_images_dropped_total{reason=\"rejected\"}") > 0; }));
  ExpectReadiness(server.health_address(), kServing);
  EXPECT_TRUE(Eventually([&] { return server.Metric("ganserve_saturation") > 0; }));
}

TEST(HealthTest, ThePortOfItsOwnAnswersNothingButHealth) {
  const ServerProcess server({"--health-listen", "127.0.0.1:0"});
  ASSERT_TRUE(server.ready());
  EXPECT_EQ(ImageCaller(server.health_address()).Generate(ImageRequest(1, 1)).status.error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
}

}  // namespace
}  // namespace ganserve
