#include "server/rpc/request_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/image/png_encoder.h"
#include "server/rpc/status_mapping.h"
#include "tests/support/fake_generator.h"

namespace ganserve {
namespace {

using ::testing::HasSubstr;

// Holds "plain" without classes, the default, and "classes" with ten.
class TwoModels final : public ModelDirectory {
 public:
  absl::StatusOr<std::shared_ptr<Generator>> Find(std::string_view model, std::string_view version) const override {
    if (!version.empty() && version != "3")
      return absl::NotFoundError(absl::StrCat("no version ", std::string(version)));
    if (model.empty() || model == "plain") return plain_;
    if (model == "classes") return classes_;
    return absl::NotFoundError(absl::StrCat("no model is called ", std::string(model)));
  }
  std::vector<ModelVersion> List() const override { return {{plain_, {}, true}, {classes_, {}, true}}; }
  std::string default_model() const override { return "plain"; }

  const std::shared_ptr<Generator> plain_ = std::make_shared<FakeGenerator>(SmallModel());
  const std::shared_ptr<Generator> classes_ = std::make_shared<FakeGenerator>(SmallModel(10));
};

v1::GenerateRequest Request(uint32_t count) {
  v1::GenerateRequest request;
  request.set_count(count);
  return request;
}

class RequestCheckTest : public ::testing::Test {
 protected:
  absl::StatusOr<CheckedRequest> Check(const v1::GenerateRequest& request, CallKind kind = CallKind::kUnary) const {
    return CheckRequest(request, kind, models_, limits_);
  }

  // The message of the refusal, which must be about `field`.
  std::string Refusal(const std::string& field, const v1::GenerateRequest& request,
                      CallKind kind = CallKind::kUnary) const {
    const grpc::Status status = ToGrpc(Check(request, kind).status());
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    google::rpc::Status details;
    google::rpc::BadRequest bad_request;
    EXPECT_TRUE(details.ParseFromString(status.error_details()));
    EXPECT_EQ(details.details_size(), 1);
    if (details.details_size() != 1) return "";
    EXPECT_TRUE(details.details(0).UnpackTo(&bad_request));
    EXPECT_EQ(bad_request.field_violations(0).field(), field);
    return status.error_message();
  }

  TwoModels models_;
  RequestLimits limits_;
};

TEST_F(RequestCheckTest, DefaultsAreTheDefaultModelPngAndEverythingAtOnce) {
  v1::GenerateRequest request = Request(5);
  request.set_seed(UINT64_MAX);
  request.set_first_index(7);
  const auto checked = Check(request);
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(checked->generator, models_.plain_);
  EXPECT_EQ(checked->format, v1::IMAGE_FORMAT_PNG);
  EXPECT_EQ(checked->spec.format, ImageFormat::kPng);
  EXPECT_EQ(checked->spec.seed, UINT64_MAX);
  EXPECT_EQ(checked->spec.first_index, 7u);
  EXPECT_EQ(checked->spec.count, 5u);
  EXPECT_EQ(checked->spec.label, std::nullopt);
  EXPECT_EQ(checked->spec.window, UINT64_MAX);
  EXPECT_EQ(checked->spec.deadline, Clock::TimePoint::max());
}

TEST_F(RequestCheckTest, AStreamHasTheWindowOfTheLimits) {
  limits_.stream_window_images = 17;
  const auto checked = Check(Request(5000), CallKind::kStream);
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(checked->spec.window, 17u);
}

TEST_F(RequestCheckTest, FormatsAreTakenAsAsked) {
  for (const auto& [asked, format, spec_format] :
       {std::tuple(v1::IMAGE_FORMAT_UNSPECIFIED, v1::IMAGE_FORMAT_PNG, ImageFormat::kPng),
        std::tuple(v1::IMAGE_FORMAT_PNG, v1::IMAGE_FORMAT_PNG, ImageFormat::kPng),
        std::tuple(v1::IMAGE_FORMAT_RAW, v1::IMAGE_FORMAT_RAW, ImageFormat::kRaw)}) {
    v1::GenerateRequest request = Request(1);
    request.set_format(asked);
    const auto checked = Check(request);
    ASSERT_TRUE(checked.ok()) << checked.status();
    EXPECT_EQ(checked->format, format);
    EXPECT_EQ(checked->spec.format, spec_format);
  }
}

TEST_F(RequestCheckTest, RefusesAnUnknownFormat) {
  v1::GenerateRequest request = Request(1);
  request.set_format(static_cast<v1::ImageFormat>(9));
  EXPECT_EQ(Refusal("format", request), "format is 9; it must be 1 (PNG) or 2 (raw)");
}

TEST_F(RequestCheckTest, RefusesACountOutOfRange) {
  limits_.max_images_per_call = 100;
  limits_.max_images_per_stream = 2000;
  EXPECT_EQ(Refusal("count", Request(0)), "count is 0; it must be from 1 to 100 (GenerateStream takes more)");
  EXPECT_EQ(Refusal("count", Request(101)), "count is 101; it must be from 1 to 100 (GenerateStream takes more)");
  EXPECT_EQ(Refusal("count", Request(0), CallKind::kStream), "count is 0; it must be from 1 to 2000");
  EXPECT_EQ(Refusal("count", Request(2001), CallKind::kStream), "count is 2001; it must be from 1 to 2000");
}

TEST_F(RequestCheckTest, CountLimitsAreInclusive) {
  limits_.max_images_per_call = 100;
  limits_.max_images_per_stream = 2000;
  EXPECT_EQ(Check(Request(1)).status(), absl::OkStatus());
  EXPECT_EQ(Check(Request(100)).status(), absl::OkStatus());
  EXPECT_EQ(Check(Request(2000), CallKind::kStream).status(), absl::OkStatus());
}

TEST_F(RequestCheckTest, TheLastIndexMustBeOne) {
  v1::GenerateRequest request = Request(10);
  request.set_first_index(UINT64_MAX - 10);
  EXPECT_EQ(Check(request).status(), absl::OkStatus());
  request.set_first_index(UINT64_MAX - 9);
  EXPECT_EQ(Refusal("first_index", request),
            "first_index is 18446744073709551606; with count 10 their sum would exceed 2^64 - 1");
}

TEST_F(RequestCheckTest, RefusesALabelForAModelWithoutClasses) {
  v1::GenerateRequest request = Request(1);
  request.set_label(0);
  EXPECT_EQ(Refusal("label", request), "label is 0, but model small version 3 has no classes");
}

TEST_F(RequestCheckTest, RefusesALabelThatTheModelLacks) {
  v1::GenerateRequest request = Request(1);
  request.set_model("classes");
  for (uint32_t label : {0u, 9u}) {
    request.set_label(label);
    const auto checked = Check(request);
    ASSERT_TRUE(checked.ok()) << checked.status();
    EXPECT_EQ(checked->spec.label, label);
  }
  request.set_label(10);
  EXPECT_EQ(Refusal("label", request), "label is 10; model small version 3 has the classes 0 to 9");
  request.set_label(UINT32_MAX);
  EXPECT_THAT(Refusal("label", request), HasSubstr("label is 4294967295"));
}

TEST_F(RequestCheckTest, AnUnknownModelOrVersionIsNotFound) {
  v1::GenerateRequest request = Request(1);
  request.set_model("imaginary");
  EXPECT_EQ(Check(request).status(), absl::NotFoundError("no model is called imaginary"));
  request.set_model("plain");
  request.set_version("4");
  EXPECT_EQ(Check(request).status(), absl::NotFoundError("no version 4"));
  request.set_version("3");
  EXPECT_EQ(Check(request).status(), absl::OkStatus());
}

TEST_F(RequestCheckTest, ANameLongerThanAnyIsRefusedWithoutQuotingIt) {
  v1::GenerateRequest request = Request(1);
  request.set_model(std::string(65, 'm'));
  EXPECT_EQ(Refusal("model", request), "model has 65 bytes; it must have at most 64");
  request.set_model(std::string(64, 'm'));
  EXPECT_EQ(Check(request).status().code(), absl::StatusCode::kNotFound);
  request.set_model("plain");
  request.set_version(std::string(20'000, '3'));
  EXPECT_EQ(Refusal("version", request), "version has 20000 bytes; it must have at most 64");
  request.set_version(std::string(64, '3'));
  EXPECT_EQ(Check(request).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(RequestCheckTest, RefusesAnAnswerBeyondItsLimitAndSaysHowManyImagesFit) {
  const ImageShape shape = SmallModel().shape;
  limits_.max_response_bytes = EstimatedResponseBytes(shape, 10);
  EXPECT_EQ(Check(Request(10)).status(), absl::OkStatus());
  const std::string message = Refusal("count", Request(11));
  EXPECT_THAT(message, HasSubstr("count is 11"));
  EXPECT_THAT(message, HasSubstr(absl::StrCat("estimated at ", EstimatedResponseBytes(shape, 11), " bytes")));
  EXPECT_THAT(message,
              HasSubstr(absl::StrCat("the limit is ", limits_.max_response_bytes, " bytes, which is 10 images")));
  EXPECT_EQ(Check(Request(11), CallKind::kStream).status(), absl::OkStatus()) << "a stream has no answer to bound";
}

TEST_F(RequestCheckTest, InfoDescribesTheGenerator) {
  v1::GenerateRequest request = Request(1);
  request.set_format(v1::IMAGE_FORMAT_RAW);
  const auto checked = Check(request);
  ASSERT_TRUE(checked.ok()) << checked.status();
  v1::GenerationInfo info;
  FillInfo(*checked, &info);
  EXPECT_EQ(info.width(), 3u);
  EXPECT_EQ(info.height(), 2u);
  EXPECT_EQ(info.channels(), 3u);
  EXPECT_EQ(info.format(), v1::IMAGE_FORMAT_RAW);
  EXPECT_EQ(info.model(), "small");
  EXPECT_EQ(info.version(), 3u);
  EXPECT_EQ(info.model_digest(), "d1ce");
}

// Width and height, channels, count.
class ResponseSizeTest : public ::testing::TestWithParam<std::tuple<int, int, int>> {};

INSTANTIATE_TEST_SUITE_P(Shapes, ResponseSizeTest,
                         ::testing::Combine(::testing::Values(1, 4, 32, 128, 300), ::testing::Values(1, 3),
                                            ::testing::Values(1, 3)));

TEST_P(ResponseSizeTest, AnAnswerOfNoiseIsNoLargerThanEstimated) {
  const auto [side, channels, count] = GetParam();
  GeneratorInfo model = SmallModel();
  model.model = std::string(255, 'm');
  model.version = UINT64_MAX;
  model.digest = std::string(64, 'd');
  model.shape = {.width = side, .height = side, .channels = channels};
  std::mt19937 random(3);
  v1::GenerateResponse response;
  for (int i = 0; i < count; ++i) {
    std::vector<uint8_t> pixels(model.shape.bytes());
    for (uint8_t& byte : pixels) byte = static_cast<uint8_t>(random());
    v1::GeneratedImage& image = *response.add_images();
    ASSERT_TRUE(PngEncoder().Encode(ImageFormat::kPng, model.shape, pixels, image.mutable_data()).ok());
    image.set_seed(UINT64_MAX);
    image.set_index(UINT64_MAX);
    image.set_label(UINT32_MAX);
  }
  const CheckedRequest checked{.generator = std::make_shared<FakeGenerator>(model), .spec = {}};
  FillInfo(checked, response.mutable_info());
  EXPECT_LE(response.ByteSizeLong(), EstimatedResponseBytes(model.shape, static_cast<uint64_t>(count)));
}

// The message, its wire format, and 16 KiB for the call itself.
TEST_F(RequestCheckTest, AnAnswersMemoryIsReckonedByItsImagesOrItsWindow) {
  const ImageShape shape = SmallModel().shape;
  const auto unary = Check(Request(20));
  ASSERT_TRUE(unary.ok()) << unary.status();
  EXPECT_EQ(unary->spec.answer_bytes, (16 << 10) + 2 * EstimatedResponseBytes(shape, 20));
  limits_.stream_window_images = 8;
  const auto stream = Check(Request(1'000), CallKind::kStream);
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_EQ(stream->spec.answer_bytes, AnswerMemoryBytes(shape, 8));
  const auto short_stream = Check(Request(3), CallKind::kStream);
  ASSERT_TRUE(short_stream.ok()) << short_stream.status();
  EXPECT_EQ(short_stream->spec.answer_bytes, AnswerMemoryBytes(shape, 3));
}

TEST_F(RequestCheckTest, NoCallThatTheLimitsAllowTakesMoreMemoryThanTheLargest) {
  const ImageShape shape = SmallModel().shape;
  limits_.max_response_bytes = EstimatedResponseBytes(shape, 100);
  EXPECT_EQ(Check(Request(100))->spec.answer_bytes, LargestAnswerMemoryBytes(limits_));
  EXPECT_FALSE(Check(Request(101)).ok());
}

}  // namespace
}  // namespace ganserve
