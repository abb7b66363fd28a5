// The third promise: one caller cannot starve another. Shown by the order in which calls end, not by time.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/integration/image_caller.h"
#include "tests/support/server_process.h"

namespace ganserve {
namespace {

constexpr char kComputed[] = "ganserve_batch_images_sum";
constexpr char kQueued[] = "ganserve_queue_images";

// Reads a stream as fast as it comes, until it ends or is cancelled.
class StreamReader {
 public:
  StreamReader(const std::string& address, uint32_t count) : caller_(address) {
    Apply({}, &context_);
    thread_ = std::jthread([this, count] {
      const auto reader = caller_.stub().GenerateStream(&context_, ImageRequest(1, count));
      for (v1::GeneratedImage image; reader->Read(&image);) {
        ++images_;
        images_.notify_all();
      }
      status_ = reader->Finish();
    });
  }
  ~StreamReader() { context_.TryCancel(); }

  int images() const { return images_; }
  // Waits for the first image.
  void WaitForImage() const { images_.wait(0); }
  void Cancel() { context_.TryCancel(); }
  // Waits for the end.
  grpc::Status Finish() {
    thread_.join();
    return status_;
  }

 private:
  const ImageCaller caller_;
  grpc::ClientContext context_;
  std::atomic<int> images_ = 0;
  grpc::Status status_;
  std::jthread thread_;
};

class FairnessTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(server_.ready()); }

  // Eight calls of `images` each; returns once most of their images wait.
  std::unique_ptr<Callers> Saturate(const ImageCaller& caller, uint32_t images) {
    std::vector<v1::GenerateRequest> requests;
    for (uint64_t seed = 0; seed < 8; ++seed) requests.push_back(ImageRequest(seed, images));
    auto callers = std::make_unique<Callers>(caller, requests);
    EXPECT_TRUE(Eventually([&] { return server_.Metric(kQueued) > 6 * images; }));
    return callers;
  }

  const ServerProcess server_{{"--workers", "1"}};
  const ImageCaller caller_{server_.address()};
};

TEST_F(FairnessTest, SingleImagesComeLongBeforeAStreamOf100000) {
  StreamReader stream(server_.address(), 100'000);
  stream.WaitForImage();
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const double before = server_.Metric(kComputed);
    ASSERT_TRUE(caller_.Generate(ImageRequest(seed, 1)).status.ok());
    // A fair queue lets a call of one image wait for a batch or two; 2,000 leaves room for a slow test, not for a queue
    // that serves the stream first.
    EXPECT_LT(server_.Metric(kComputed) - before, 2'000);
  }
  EXPECT_LT(stream.images(), 100'000);
  stream.Cancel();
  EXPECT_EQ(stream.Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(FairnessTest, SingleImagesOvertakeCallsOf400ThatCameFirst) {
  const auto large = Saturate(caller_, 400);
  for (uint64_t seed = 0; seed < 5; ++seed) {
    ASSERT_TRUE(ImageCaller(server_.address()).Generate(ImageRequest(seed, 1)).status.ok());
  }
  EXPECT_EQ(large->over(), 0u);
  for (const Answer& answer : large->Answers()) {
    EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
    EXPECT_EQ(answer.response.images_size(), 400);
  }
}

TEST_F(FairnessTest, ACallThatCannotMeetItsDeadlineIsRefusedAtOnceAndToldWhenToComeBack) {
  ASSERT_TRUE(caller_.Generate(ImageRequest(0, 256)).status.ok());  // from here on the server knows its speed
  const auto large = Saturate(caller_, 1024);
  const double rejected = server_.Metric("ganserve_images_dropped_total{reason=\"rejected\"}");
  // No core makes 7,000 images in half a second, and the refusal comes at once.
  const Answer answer =
      caller_.Generate(ImageRequest(0, 1024), {.metadata = {}, .deadline = std::chrono::milliseconds(500)});
  ASSERT_EQ(answer.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << answer.status.error_message();
  EXPECT_NE(answer.status.error_message().find("the deadline cannot be met"), std::string::npos);
  EXPECT_GE(std::stoi(answer.trailer("grpc-retry-pushback-ms")), 10);
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(answer.status.error_details()));
  ASSERT_EQ(details.details_size(), 1);
  google::rpc::RetryInfo retry;
  ASSERT_TRUE(details.details(0).UnpackTo(&retry));
  EXPECT_EQ(retry.retry_delay().seconds() * 1000 + retry.retry_delay().nanos() / 1'000'000,
            std::stoi(answer.trailer("grpc-retry-pushback-ms")));
  EXPECT_EQ(server_.Metric("ganserve_images_dropped_total{reason=\"rejected\"}"), rejected + 1024);
  large->Cancel();
}

TEST(QueueTest, ACallThatDoesNotFitIsRefusedAtOnceWithTheLimit) {
  // Images for seconds, so that they still wait when the second call comes.
  const ServerProcess server({"--workers", "1", "--max-queue-images", "25000", "--max-images-per-call", "20000",
                              "--max-response-bytes", "1GiB"});
  ASSERT_TRUE(server.ready());
  const ImageCaller caller(server.address());
  Callers first(caller, {ImageRequest(0, 20'000)});
  ASSERT_TRUE(Eventually([&] { return server.Metric(kQueued) > 10'000; }));
  const Answer answer = caller.Generate(ImageRequest(1, 20'000));
  ASSERT_EQ(answer.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << answer.status.error_message();
  EXPECT_NE(answer.status.error_message().find("20000 more would exceed the limit of 25000"), std::string::npos)
      << answer.status.error_message();
  EXPECT_NE(answer.trailer("grpc-retry-pushback-ms"), "");
  first.Cancel();
}

}  // namespace
}  // namespace ganserve
