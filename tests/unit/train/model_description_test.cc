#include "server/train/model_description.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace ganserve {
namespace {

using nlohmann::json;

TEST(ModelDescriptionTest, SaysWhatTheServerNeeds) {
  TrainSettings settings;
  settings.shape = {64, 3, 16, 50};
  const auto model = json::parse(ModelJson(settings, {"command", "job", 7, UtcNow()}));
  EXPECT_EQ(model["format"], 1);
  EXPECT_EQ(model["latent_size"], 50);
  EXPECT_EQ(model["image"], (json{{"width", 64}, {"height", 64}, {"channels", 3}}));
  EXPECT_EQ(model["classes"], 0);
  EXPECT_EQ(model["value_range"], (json{-1, 1}));
}

TEST(ModelDescriptionTest, NamesTheClassesThatTheDataNames) {
  TrainSettings settings;
  settings.shape.classes = 2;
  EXPECT_FALSE(json::parse(ModelJson(settings, {})).contains("class_names"));
  settings.class_names = {"shoe", "b\xe4g"};
  EXPECT_EQ(json::parse(ModelJson(settings, {}))["class_names"], (json{"shoe", "b\xef\xbf\xbdg"}));
  for (const std::string& refused : {std::string(65'536, 'x'), std::string()}) {
    settings.class_names[1] = refused;
    EXPECT_FALSE(json::parse(ModelJson(settings, {})).contains("class_names"));
  }
}

TEST(ModelDescriptionTest, SaysWhereTheGeneratorComesFrom) {
  TrainSettings settings;
  settings.data = "fashion-mnist";
  settings.discriminator_adam.learning_rate = 0.25;
  const auto origin = json::parse(ModelJson(settings, {"command", "garments", 7, "now"}))["provenance"];
  EXPECT_EQ(origin["job"], "garments");
  EXPECT_EQ(origin["step"], 7);
  EXPECT_EQ(origin["command"], "command");
  EXPECT_EQ(origin["created"], "now");
  EXPECT_EQ(origin["data"], "fashion-mnist");
  EXPECT_EQ(origin["discriminator_adam"]["learning_rate"], 0.25);
  EXPECT_EQ(origin["precision"], "float32");
}

TEST(ModelDescriptionTest, ReplacesBytesThatAreNotUtf8) {
  TrainSettings settings;
  settings.data = "d\xe4ta";
  const auto origin = json::parse(ModelJson(settings, {"train d\xe4ta", "j\xf6n", 7, "now"}))["provenance"];
  EXPECT_EQ(origin["data"], "d\xef\xbf\xbdta");  // U+FFFD
  EXPECT_EQ(origin["job"], "j\xef\xbf\xbdn");
}

TEST(ModelDescriptionTest, AnUntrainedGeneratorHasNoData) {
  EXPECT_TRUE(json::parse(ModelJson({}, {}))["provenance"]["data"].is_null());
}

}  // namespace
}  // namespace ganserve
