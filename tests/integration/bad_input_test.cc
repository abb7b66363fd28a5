// Bad requests over the wire: the code, and a message with the field, the value and the limit.
#include <gmock/gmock.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/integration/image_caller.h"
#include "tests/support/script_model.h"
#include "tests/support/server_process.h"
#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

using grpc::StatusCode;
using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;

// A repository with a model with classes and one without, and limits that are small enough to exceed.
class Service {
 public:
  Service() {
    Add("plain/1", SmallDcgan(3), "{}");
    Add("plain/2", SmallDcgan(3), "{}");
    repository_.Write("plain/aliases.json", R"({"on_duty": 1, "aliases": {"next": 2}})");
    Add("zoned/1", SmallConditional(), R"({"latent_size": 4, "classes": 3})");
    server_ = std::make_unique<ServerProcess>(std::vector<std::string>{
        "--models", repository_.path(), "--default-model", "plain", "--max-images-per-call", "500",
        "--max-response-bytes", "65536", "--max-images-per-stream", "1000", "--max-receive-bytes", "1024"});
    EXPECT_TRUE(server_->ready());
  }

  const std::string& address() const { return server_->address(); }

 private:
  void Add(const std::string& version, const std::string& archive, const std::string& config) {
    std::filesystem::create_directories(repository_.File(version));
    repository_.Write(version + "/model.pt", archive);
    repository_.Write(version + "/model.json", config);
  }

  TemporaryFolder repository_;
  std::unique_ptr<ServerProcess> server_;
};

class BadInputTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { service_ = std::make_unique<Service>(); }
  static void TearDownTestSuite() { service_.reset(); }

  using Change = std::function<void(v1::GenerateRequest&)>;

  static v1::GenerateRequest Changed(const Change& change) {
    v1::GenerateRequest request = ImageRequest(1, 2);
    change(request);
    return request;
  }

  // Both methods refuse the request with this code and message, and name the field in the details unless it is empty.
  void ExpectRefused(const Change& change, StatusCode code, const testing::Matcher<std::string>& message,
                     const std::string& field) {
    const v1::GenerateRequest request = Changed(change);
    for (const Answer& answer : {caller_.Generate(request), caller_.Stream(request)}) {
      EXPECT_EQ(answer.status.error_code(), code);
      EXPECT_THAT(answer.status.error_message(), message);
      EXPECT_EQ(FieldOf(answer.status), field);
      EXPECT_NE(answer.trailer("x-request-id"), "");
    }
  }

  static std::string FieldOf(const grpc::Status& status) {
    google::rpc::Status details;
    google::rpc::BadRequest bad;
    if (!details.ParseFromString(status.error_details()) || details.details_size() != 1) return "";
    if (!details.details(0).UnpackTo(&bad) || bad.field_violations_size() != 1) return "";
    return bad.field_violations(0).field();
  }

  static std::unique_ptr<Service> service_;
  const ImageCaller caller_{service_->address()};
};

std::unique_ptr<Service> BadInputTest::service_;

TEST_F(BadInputTest, NamesACountOutOfRange) {
  ExpectRefused([](auto& request) { request.set_count(0); }, StatusCode::INVALID_ARGUMENT,
                HasSubstr("count is 0; it must be from 1 to "), "count");
  ExpectRefused([](auto& request) { request.set_count(1001); }, StatusCode::INVALID_ARGUMENT,
                HasSubstr("count is 1001; it must be from 1 to "), "count");
  EXPECT_THAT(caller_.Generate(ImageRequest(1, 501)).status.error_message(),
              HasSubstr("it must be from 1 to 500 (GenerateStream takes more)"));
  EXPECT_TRUE(caller_.Stream(ImageRequest(1, 501)).status.ok());
}

TEST_F(BadInputTest, NamesAnAnswerThatWouldBeTooLarge) {
  const Answer answer = caller_.Generate(ImageRequest(1, 500));
  EXPECT_EQ(answer.status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(
      answer.status.error_message(),
      MatchesRegex("count is 500, whose answer is estimated at [0-9]+ bytes; the limit is 65536 bytes, which is "
                   "[0-9]+ images of this model \\(GenerateStream takes more\\)"));
  EXPECT_EQ(FieldOf(answer.status), "count");
}

TEST_F(BadInputTest, NamesAnIndexThatWouldOverflow) {
  ExpectRefused([](auto& request) { request.set_first_index(UINT64_MAX - 1); }, StatusCode::INVALID_ARGUMENT,
                HasSubstr("first_index is 18446744073709551614; with count 2"), "first_index");
  EXPECT_TRUE(caller_.Generate(ImageRequest(1, 2, UINT64_MAX - 2)).status.ok());
}

TEST_F(BadInputTest, NamesAnUnknownModelOrVersionAndWhatThereIs) {
  ExpectRefused([](auto& request) { request.set_model("hats"); }, StatusCode::NOT_FOUND,
                testing::Eq("model 'hats' is unknown; there are: plain, zoned"), "");
  ExpectRefused([](auto& request) { request.set_version("3"); }, StatusCode::NOT_FOUND,
                testing::Eq("version '3' of model plain is unknown; there are: 1, 2, next"), "");
  ExpectRefused([](auto& request) { request.set_version("stable"); }, StatusCode::NOT_FOUND, HasSubstr("'stable'"), "");
}

TEST_F(BadInputTest, NamesAnUnknownFormat) {
  ExpectRefused([](auto& request) { request.set_format(static_cast<v1::ImageFormat>(7)); },
                StatusCode::INVALID_ARGUMENT, testing::Eq("format is 7; it must be 1 (PNG) or 2 (raw)"), "format");
}

TEST_F(BadInputTest, NamesALabelThatTheModelDoesNotHave) {
  ExpectRefused([](auto& request) { request.set_label(0); }, StatusCode::INVALID_ARGUMENT,
                testing::Eq("label is 0, but model plain version 1 has no classes"), "label");
  ExpectRefused(
      [](auto& request) {
        request.set_model("zoned");
        request.set_label(3);
      },
      StatusCode::INVALID_ARGUMENT, testing::Eq("label is 3; model zoned version 1 has the classes 0 to 2"), "label");
}

TEST_F(BadInputTest, TakesWhatIsJustWithinTheLimits) {
  const Answer version = caller_.Generate(Changed([](auto& request) { request.set_version("next"); }));
  ASSERT_TRUE(version.status.ok()) << version.status.error_message();
  EXPECT_EQ(version.response.info().version(), 2u);
  const Answer label = caller_.Generate(Changed([](auto& request) {
    request.set_model("zoned");
    request.set_label(2);
  }));
  ASSERT_TRUE(label.status.ok()) << label.status.error_message();
  EXPECT_EQ(label.response.images(0).label(), 2u);
  EXPECT_TRUE(caller_.Stream(ImageRequest(1, 1000)).status.ok());
}

TEST_F(BadInputTest, AnImageWithoutALabelGetsTheSameClassInEveryCall) {
  v1::GenerateRequest request = ImageRequest(4, 30);
  request.set_model("zoned");
  const Answer many = caller_.Generate(request);
  ASSERT_TRUE(many.status.ok()) << many.status.error_message();
  std::set<uint32_t> classes;
  for (int i = 0; i < 30; ++i) {
    v1::GenerateRequest single = request;
    single.set_count(1);
    single.set_first_index(static_cast<uint64_t>(i));
    const v1::GeneratedImage image = caller_.Generate(single).response.images(0);
    EXPECT_EQ(image.data(), many.response.images(i).data());
    EXPECT_EQ(image.label(), many.response.images(i).label());
    classes.insert(image.label());
  }
  EXPECT_EQ(classes.size(), 3u);
}

TEST_F(BadInputTest, RefusesARequestMessageThatIsTooLarge) {
  v1::GenerateRequest request = ImageRequest(1, 1);
  request.set_model(std::string(2000, 'x'));
  const Answer answer = caller_.Generate(request);
  EXPECT_EQ(answer.status.error_code(), StatusCode::RESOURCE_EXHAUSTED) << answer.status.error_message();
  EXPECT_THAT(answer.status.error_message(), HasSubstr("1024"));
}

TEST_F(BadInputTest, RefusesARequestIdThatIsNoText) {
  for (const std::string& id : {std::string("two words"), std::string(129, 'x')}) {
    const CallSettings settings{.metadata = {{"x-request-id", id}}, .deadline = {}};
    for (const Answer& answer :
         {caller_.Generate(ImageRequest(1, 1), settings), caller_.Stream(ImageRequest(1, 1), settings)}) {
      EXPECT_EQ(answer.status.error_code(), StatusCode::INVALID_ARGUMENT);
      EXPECT_THAT(answer.status.error_message(),
                  AllOf(HasSubstr("x-request-id has " + std::to_string(id.size()) + " characters"),
                        HasSubstr("1 to 128 visible ASCII characters")));
      EXPECT_THAT(answer.trailer("x-request-id"), MatchesRegex("[0-9a-f]+-[0-9a-f]+"));
    }
  }
}

TEST_F(BadInputTest, EchoesTheRequestIdOfSuccessAndFailure) {
  const CallSettings settings{.metadata = {{"x-request-id", "Call_42/" + std::string(120, 'z')}}, .deadline = {}};
  for (const uint32_t count : {1u, 0u}) {
    const auto request = ImageRequest(1, count);
    for (const Answer& answer : {caller_.Generate(request, settings), caller_.Stream(request, settings)}) {
      EXPECT_EQ(answer.status.ok(), count > 0);
      EXPECT_EQ(answer.trailer("x-request-id"), settings.metadata[0].second);
    }
  }
}

TEST_F(BadInputTest, MakesARequestIdForEachCallThatHasNone) {
  const std::string first = caller_.Generate(ImageRequest(1, 1)).trailer("x-request-id");
  const std::string second = caller_.Generate(ImageRequest(1, 1)).trailer("x-request-id");
  EXPECT_NE(first, "");
  EXPECT_NE(first, second);
}

TEST_F(BadInputTest, TheLimitsAndModelsAreToldOnRequest) {
  grpc::ClientContext context;
  Apply({}, &context);
  v1::GetServerInfoResponse info;
  ASSERT_TRUE(caller_.stub().GetServerInfo(&context, {}, &info).ok());
  EXPECT_EQ(info.max_images_per_call(), 500u);
  EXPECT_EQ(info.max_response_bytes(), 65536u);
  EXPECT_EQ(info.max_images_per_stream(), 1000u);
  EXPECT_EQ(info.default_model(), "plain");
  ASSERT_EQ(info.models_size(), 3);
  EXPECT_TRUE(info.models(0).on_duty());
  EXPECT_FALSE(info.models(1).on_duty());
  EXPECT_EQ(info.models(1).aliases(0), "next");
  EXPECT_EQ(info.models(2).classes(), 3u);
}

}  // namespace
}  // namespace ganserve
