#include "client/image_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "client/image_client.h"
#include "tests/unit/client/fake_image_service.h"

namespace ganserve::client {
namespace {

using testing::HasSubstr;

grpc::Status Unavailable() { return {grpc::StatusCode::UNAVAILABLE, "stopping"}; }

class ImageStreamTest : public testing::Test {
 protected:
  ImageStreamTest() {
    ClientOptions options;
    options.server = server_.address();
    options.retry.max_attempts = 2;
    options.retry.wait = [](std::chrono::nanoseconds, std::stop_token) { return true; };
    client_ = ImageClient::Create(options).value();
  }

  std::unique_ptr<ImageStream> Stream(uint64_t first_index, uint32_t count, const CallOptions& call = {}) {
    v1::GenerateRequest request;
    request.set_seed(9);
    request.set_count(count);
    request.set_first_index(first_index);
    return client_->GenerateStream(request, call);
  }

  // Reads to the end; the indices.
  static std::vector<uint64_t> ReadAll(ImageStream& stream) {
    std::vector<uint64_t> indices;
    v1::GeneratedImage image;
    while (stream.Next(&image)) indices.push_back(image.index());
    return indices;
  }

  FakeServer server_;
  std::unique_ptr<ImageClient> client_;
};

TEST_F(ImageStreamTest, GivesEveryImageInOrder) {
  const auto stream = Stream(10, 4);
  EXPECT_THAT(ReadAll(*stream), testing::ElementsAre(10, 11, 12, 13));
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(stream->delivered(), 4u);
  EXPECT_EQ(stream->call().request_id, "made-by-server");
  EXPECT_FALSE(server_.service().seen().at(0).has_deadline);
}

TEST_F(ImageStreamTest, GoesOnAtTheNextImageAfterABreak) {
  server_.service().Script({{.status = Unavailable(), .images = 2}, {.status = Unavailable(), .images = 1}});
  const auto stream = Stream(10, 5);
  EXPECT_THAT(ReadAll(*stream), testing::ElementsAre(10, 11, 12, 13, 14));
  EXPECT_TRUE(stream->Finish().ok());
  const std::vector<SeenCall> seen = server_.service().seen();
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[1].request.first_index(), 12u);
  EXPECT_EQ(seen[1].request.count(), 3u);
  EXPECT_EQ(seen[2].request.first_index(), 13u);
  EXPECT_EQ(seen[2].request.count(), 2u);
}

TEST_F(ImageStreamTest, AsksForTheSameModelAfterABreak) {
  server_.service().Script({{.status = Unavailable(), .images = 1}});
  ReadAll(*Stream(0, 2));
  const std::vector<SeenCall> seen = server_.service().seen();
  EXPECT_EQ(seen.at(0).request.version(), "");
  EXPECT_EQ(seen.at(1).request.model(), "fake");
  EXPECT_EQ(seen.at(1).request.version(), "7");
}

TEST_F(ImageStreamTest, GivesInfoWithTheFirstImageOnly) {
  server_.service().Script({{.status = Unavailable(), .images = 1}});
  const auto stream = Stream(0, 2);
  v1::GeneratedImage image;
  ASSERT_TRUE(stream->Next(&image));
  EXPECT_EQ(image.info().width(), 2u);
  ASSERT_TRUE(stream->Next(&image));
  EXPECT_FALSE(image.has_info());
}

TEST_F(ImageStreamTest, DoesNotMixTheImagesOfTwoModels) {
  server_.service().Script(
      {{.status = Unavailable(), .images = 1, .model_digest = "digest-a"}, {.model_digest = "digest-b"}});
  const auto stream = Stream(0, 3);
  EXPECT_THAT(ReadAll(*stream), testing::ElementsAre(0));
  EXPECT_EQ(stream->Finish().code(), absl::StatusCode::kAborted);
  EXPECT_THAT(std::string(stream->Finish().message()), HasSubstr("digest-b"));
}

TEST_F(ImageStreamTest, GivesUpWhenNoAttemptGetsAnywhere) {
  server_.service().Script(
      {{.status = Unavailable(), .images = 1}, {.status = Unavailable(), .images = 0}, {.images = 0}});
  const auto stream = Stream(0, 3);
  EXPECT_THAT(ReadAll(*stream), testing::ElementsAre(0));
  EXPECT_EQ(stream->Finish().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(stream->Finish().message()), HasSubstr("2 attempts, request id made-by-server"));
  EXPECT_EQ(server_.service().seen().size(), 2u);
}

TEST_F(ImageStreamTest, DoesNotResumeAfterAnErrorOfTheRequest) {
  server_.service().Script({{.status = {grpc::StatusCode::NOT_FOUND, "no model x"}, .images = 0}});
  const auto stream = Stream(0, 3);
  EXPECT_TRUE(ReadAll(*stream).empty());
  EXPECT_EQ(stream->Finish().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(server_.service().seen().size(), 1u);
}

TEST_F(ImageStreamTest, NoticesThatImagesAreMissing) {
  server_.service().Script({{.images = 2}});
  const auto stream = Stream(0, 5);
  EXPECT_EQ(ReadAll(*stream).size(), 2u);
  EXPECT_EQ(stream->Finish().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(stream->Finish().message()), HasSubstr("3 of 5 images missing"));
}

TEST_F(ImageStreamTest, CountsAsCompleteWhenTheLastImageCameBeforeTheBreak) {
  server_.service().Script({{.status = Unavailable(), .images = 3}});
  const auto stream = Stream(0, 3);
  EXPECT_EQ(ReadAll(*stream).size(), 3u);
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(server_.service().seen().size(), 1u);
}

TEST_F(ImageStreamTest, EndsWhenStopped) {
  std::stop_source source;
  const auto stream = Stream(0, 100'000'000, {.stop = source.get_token()});
  v1::GeneratedImage image;
  ASSERT_TRUE(stream->Next(&image));
  source.request_stop();
  ReadAll(*stream);
  EXPECT_EQ(stream->Finish().code(), absl::StatusCode::kCancelled);
}

TEST_F(ImageStreamTest, IsCancelledByFinishOrByGoingAway) {
  v1::GeneratedImage image;
  const auto finished = Stream(0, 100'000'000);
  ASSERT_TRUE(finished->Next(&image));
  EXPECT_EQ(finished->Finish().code(), absl::StatusCode::kCancelled);
  EXPECT_FALSE(finished->Next(&image));
  ASSERT_TRUE(Stream(0, 100'000'000)->Next(&image));
}

TEST_F(ImageStreamTest, OutlivesItsClient) {
  const auto stream = Stream(0, 3);
  client_.reset();
  EXPECT_EQ(ReadAll(*stream).size(), 3u);
}

}  // namespace
}  // namespace ganserve::client
