#include "server/model/model_config.h"

#include <gmock/gmock.h>

#include <string>

namespace ganserve {
namespace {

using testing::HasSubstr;

TEST(ModelConfigTest, ReadsEveryField) {
  const auto config = ParseModelConfig(
      R"({"format": 1, "latent_size": 100, "image": {"width": 64, "height": 32, "channels": 3},
          "classes": 2, "class_names": ["T-shirt/top", "Ankle boot"], "value_range": [0, 1], "provenance": {"anything": ["goes"]}})");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->latent_size, 100);
  EXPECT_EQ(config->image, (ImageShape{.width = 64, .height = 32, .channels = 3}));
  EXPECT_EQ(config->classes, 2);
  EXPECT_THAT(config->class_names, testing::ElementsAre("T-shirt/top", "Ankle boot"));
  ASSERT_TRUE(config->value_range.has_value());
  EXPECT_EQ(config->value_range->low, 0.0f);
  EXPECT_EQ(config->value_range->high, 1.0f);
}

TEST(ModelConfigTest, LeavesOpenWhatIsAbsent) {
  const auto config = ParseModelConfig("{}");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_FALSE(config->latent_size || config->image || config->classes || config->value_range);
}

TEST(ModelConfigTest, ClassNamesAreBoundedTogether) {
  const auto with_name_of = [](size_t bytes) {
    return ParseModelConfig("{\"classes\": 1, \"class_names\": [\"" + std::string(bytes, 'x') + "\"]}").status();
  };
  EXPECT_EQ(with_name_of(65'536), absl::OkStatus());
  EXPECT_THAT(std::string(with_name_of(65'537).message()),
              HasSubstr("class_names has 65537 bytes; it must have at most 65536"));
}

struct Fault {
  const char* json;
  const char* message;  // a part of it
};

class ModelConfigFaultTest : public testing::TestWithParam<Fault> {};

TEST(ModelConfigTest, TakesTheJobFromTheProvenanceAndIgnoresAnyOther) {
  const auto promoted = ParseModelConfig(R"({"provenance": {"job": "job-7", "step": 9370, "data": null}})");
  ASSERT_TRUE(promoted.ok()) << promoted.status();
  EXPECT_EQ(promoted->job_id, "job-7");
  EXPECT_EQ(promoted->step, 9370u);
  for (const char* json : {"{}", R"({"provenance": "mine"})", R"({"provenance": {"job": 7, "step": -1}})"}) {
    const auto other = ParseModelConfig(json);
    ASSERT_TRUE(other.ok()) << other.status();
    EXPECT_EQ(other->job_id, "") << json;
    EXPECT_EQ(other->step, 0u) << json;
  }
}

TEST_P(ModelConfigFaultTest, IsRefusedNamingFieldValueAndLimit) {
  const auto config = ParseModelConfig(GetParam().json);
  ASSERT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument) << GetParam().json;
  EXPECT_THAT(std::string(config.status().message()), HasSubstr(GetParam().message)) << GetParam().json;
}

INSTANTIATE_TEST_SUITE_P(
    Faults, ModelConfigFaultTest,
    testing::Values(
        Fault{R"({"classes": 2, "class_names": "shoe, bag"})",
              "class_names is \"shoe, bag\"; it must be a list of texts"},
        Fault{R"({"classes": 2, "class_names": ["shoe", 7]})", "a list of texts"},
        Fault{R"({"classes": 2, "class_names": ["shoe", ""]})", "none of them empty"},
        Fault{R"({"classes": 2, "class_names": ["shoe"]})",
              "class_names has 1 names; it must have as many as classes, 2"},
        Fault{R"({"class_names": ["shoe"]})", "it must have as many as classes, 0"}, Fault{"", "not a JSON object"},
        Fault{"[1, 2]", "not a JSON object"}, Fault{"{\"latent_size\": 100", "not a JSON object"},
        Fault{R"({"format": 2})", "format is 2; it must be"},
        Fault{R"({"latent_size": 0})", "latent_size is 0; it must be an integer from 1 to 65536"},
        Fault{R"({"latent_size": 65537})", "latent_size is 65537"},
        Fault{R"({"latent_size": 18446744073709551615})", "latent_size is 18446744073709551615"},
        Fault{R"({"latent_size": 12.5})", "latent_size is 12.5"},
        Fault{R"({"latent_size": "100"})", "latent_size is \"100\""}, Fault{R"({"image": 32})", "image is 32"},
        Fault{R"({"image": {"width": 32, "height": 32}})", "complete: width, height and channels"},
        Fault{R"({"image": {"width": 4097, "height": 32, "channels": 1}})", "width is 4097; it must be"},
        Fault{R"({"image": {"width": 32, "height": 0, "channels": 1}})", "height is 0; it must be"},
        Fault{R"({"image": {"width": 32, "height": 32, "channels": 2}})", "channels is 2; it must be 1 or 3"},
        Fault{R"({"image": {"width": 32, "height": 32, "channels": 4}})", "channels is 4"},
        Fault{R"({"classes": -1})", "classes is -1; it must be an integer from 0 to 65536"},
        Fault{R"({"value_range": 1})", "value_range is 1; it must be [low, high]"},
        Fault{R"({"value_range": [0, 1, 2]})", "value_range is [0,1,2]"},
        Fault{R"({"value_range": [1, 1]})", "value_range is [1,1]; it must be finite, with low below high"},
        Fault{R"({"value_range": [1, -1]})", "with low below high"},
        Fault{R"({"value_range": [-3e38, 3e38]})", "it must be finite"}));

}  // namespace
}  // namespace ganserve
