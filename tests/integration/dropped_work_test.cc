// The second promise: nothing is computed for nobody. Shown by the server's own counters.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/integration/image_caller.h"
#include "tests/support/server_process.h"

namespace ganserve {
namespace {

constexpr char kComputed[] = "ganserve_batch_images_sum";
constexpr char kDelivered[] = "ganserve_images_total";
constexpr char kQueued[] = "ganserve_queue_images";

std::string Dropped(const std::string& reason) { return "ganserve_images_dropped_total{reason=\"" + reason + "\"}"; }

std::string InFlight(const std::string& method) { return "ganserve_requests_in_flight{method=\"" + method + "\"}"; }

std::vector<v1::GenerateRequest> Requests(size_t calls, uint32_t count) {
  std::vector<v1::GenerateRequest> requests;
  for (uint64_t seed = 0; seed < calls; ++seed) requests.push_back(ImageRequest(seed, count));
  return requests;
}

class DroppedWorkTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(server_.ready()); }

  // Whether the server computes nothing but what `caller` asks for.
  bool ComputesOnlyFor(const ImageCaller& caller) {
    constexpr int kImages = 10;
    const double before = server_.Metric(kComputed);
    for (int i = 0; i < kImages; ++i) EXPECT_TRUE(caller.Generate(ImageRequest(50, 1)).status.ok());
    return server_.Metric(kComputed) == before + kImages;
  }

  const ServerProcess server_{{"--workers", "1"}};
  const ImageCaller caller_{server_.address()};
};

TEST_F(DroppedWorkTest, ACancelledStreamIsComputedNoFurther) {
  grpc::ClientContext context;
  Apply({}, &context);
  const auto reader = caller_.stub().GenerateStream(&context, ImageRequest(1, 1'000'000));
  v1::GeneratedImage image;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(reader->Read(&image));
  context.TryCancel();
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  ASSERT_TRUE(Eventually([&] { return server_.Metric(InFlight("GenerateStream")) == 0; }));
  EXPECT_TRUE(Eventually([&] { return ComputesOnlyFor(caller_); }));
  EXPECT_EQ(server_.Metric(kQueued), 0);
  EXPECT_LT(server_.Metric(kComputed), 5'000);  // the window, and what the transports of both sides buffer
}

TEST_F(DroppedWorkTest, CancelledCallsInTheQueueNeverReachTheForwardPass) {
  constexpr size_t kCalls = 16;
  constexpr double kImages = kCalls * 150.0;
  Callers calls(caller_, Requests(kCalls, 150));
  ASSERT_TRUE(Eventually([&] { return server_.Metric(InFlight("Generate")) == kCalls; }));
  calls.Cancel();
  for (const Answer& answer : calls.Answers()) EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::CANCELLED);
  ASSERT_TRUE(Eventually([&] { return server_.Metric(InFlight("Generate")) == 0; }));
  const auto metrics = server_.Metrics();
  EXPECT_GT(metrics.at(Dropped("cancelled")), 0);
  EXPECT_LT(metrics.at(kComputed), kImages);
  // Every image was either delivered or dropped: none was both, none is forgotten.
  EXPECT_EQ(metrics.at(kDelivered) + metrics.at(Dropped("cancelled")), kImages);
  // In vain was at most the batch of 16 that was in the forward pass when a call was cancelled.
  EXPECT_LE(metrics.at(kComputed) - metrics.at(kDelivered), kCalls * 16);
  EXPECT_TRUE(ComputesOnlyFor(caller_));
}

TEST_F(DroppedWorkTest, ExpiredCallsInTheQueueNeverReachTheForwardPass) {
  constexpr size_t kCalls = 16;
  constexpr double kImages = kCalls * 1000.0;
  // A server that has just started does not know its speed, so it accepts what it cannot finish in time.
  Callers calls(caller_, Requests(kCalls, 1000), {.metadata = {}, .deadline = std::chrono::milliseconds(500)});
  for (const Answer& answer : calls.Answers()) {
    EXPECT_TRUE(answer.status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED ||
                answer.status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED)
        << answer.status.error_message();
  }
  // A call that was still on its way when its time was up leaves no trace, so there may be less than all images.
  ASSERT_TRUE(Eventually([&] {
    const auto metrics = server_.Metrics();
    return metrics.at(InFlight("Generate")) == 0 && metrics.at(kQueued) == 0;
  }));
  const auto metrics = server_.Metrics();
  EXPECT_GT(metrics.at(Dropped("expired")) + metrics.at(Dropped("cancelled")), 0);
  EXPECT_LT(metrics.at(kComputed), kImages / 2);
  EXPECT_LE(metrics.at(kDelivered) + metrics.at(Dropped("expired")) + metrics.at(Dropped("cancelled")) +
                metrics.at(Dropped("rejected")),
            kImages);
  EXPECT_TRUE(Eventually([&] { return ComputesOnlyFor(caller_); }));
}

TEST_F(DroppedWorkTest, AReaderThatStallsStopsItsStreamAndNobodyElse) {
  grpc::ClientContext context;
  Apply({}, &context);
  const ImageCaller stalled(server_.address());
  // Raw pixels have a known size: 1 KiB each.
  const auto reader = stalled.stub().GenerateStream(&context, ImageRequest(1, 10'000'000, 0, v1::IMAGE_FORMAT_RAW));
  v1::GeneratedImage image;
  ASSERT_TRUE(reader->Read(&image));
  EXPECT_TRUE(Eventually([&] { return ComputesOnlyFor(caller_); }));
  const double at_rest = server_.Metric(kComputed);
  EXPECT_TRUE(ComputesOnlyFor(caller_));
  // The window is 64 images; the rest is what the transports of both sides buffer, some hundred KiB.
  const auto metrics = server_.Metrics();
  EXPECT_LT(metrics.at(kDelivered), at_rest + 100);
  EXPECT_EQ(metrics.at(InFlight("GenerateStream")), 1);
  EXPECT_LT(at_rest - metrics.at("ganserve_requests_total{code=\"OK\",method=\"Generate\"}"), 1'000);
  // It goes on where it stopped.
  for (uint64_t i = 1; i < 1'000; ++i) {
    ASSERT_TRUE(reader->Read(&image));
    ASSERT_EQ(image.index(), i);
  }
  context.TryCancel();
  reader->Finish();
}

}  // namespace
}  // namespace ganserve
