#include "server/eval/extractor_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ganserve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string Fault(std::string_view json) { return std::string(ParseExtractorConfig(json).status().message()); }

TEST(ExtractorConfig, GivesBackWhatClassifierJsonWrote) {
  const std::string json = ClassifierJson({PlanarShape{32, 16, 1}, {"shirt", "bag"}}, {"a command", "data", 0.9, 12.5});
  const auto config = ParseExtractorConfig(json);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->image, (PlanarShape{32, 16, 1}));
  EXPECT_THAT(config->class_names, ElementsAre("shirt", "bag"));
}

TEST(ExtractorConfig, ReplacesBytesThatAreNotUtf8) {
  const auto config = ParseExtractorConfig(ClassifierJson({{}, {"b\xe4r"}}, {"train d\xe4ta", "d\xe4ta", 0.9, 12.5}));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(config->class_names, ElementsAre("b\xef\xbf\xbdr"));  // U+FFFD
}

TEST(ExtractorConfig, NeedsNothingButTheFormat) {
  const auto config = ParseExtractorConfig(R"({"format": 1})");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_FALSE(config->image);
  EXPECT_TRUE(config->class_names.empty());
}

TEST(ExtractorConfig, NamesTheFieldAndItsValue) {
  EXPECT_EQ(Fault("nonsense"), "extractor.json: not a JSON object");
  EXPECT_EQ(Fault("{}"), "extractor.json: format is null; it must be 1");
  EXPECT_THAT(Fault(R"({"format": 1, "image": {"width": 0, "height": 2, "channels": 1}})"),
              HasSubstr("image.width is 0; it must be an integer from 1 to 4096"));
  EXPECT_THAT(Fault(R"({"format": 1, "image": {"width": 2, "height": 2, "channels": 2}})"),
              HasSubstr("image.channels is 2; it must be 1 or 3"));
  EXPECT_THAT(Fault(R"({"format": 1, "image": 3})"), HasSubstr("image is 3"));
  EXPECT_THAT(Fault(R"({"format": 1, "class_names": [1]})"), HasSubstr("class_names is [1]"));
}

}  // namespace
}  // namespace ganserve
