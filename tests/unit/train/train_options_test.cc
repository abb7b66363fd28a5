#include "server/train/train_options.h"

#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "server/train/model_description.h"

namespace ganserve {
namespace {

using testing::HasSubstr;

TEST(TrainOptionsTest, AcceptsTheDefaults) { EXPECT_TRUE(ValidateTrainOptions({}).ok()); }

TEST(TrainOptionsTest, NamesTheOptionTheValueAndTheLimit) {
  const auto message = [](auto change) {
    TrainOptions options;
    change(options);
    const absl::Status status = ValidateTrainOptions(options);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_EQ(message([](auto& o) { o.shape.image_size = 48; }), "--size is 48, must be 32, 64 or 128");
  EXPECT_EQ(message([](auto& o) { o.shape.channels = 2; }), "--channels is 2, must be 1 (grey) or 3 (RGB)");
  EXPECT_EQ(message([](auto& o) { o.shape.width = 0; }), "--width is 0, must be 1 to 512");
  EXPECT_EQ(message([](auto& o) { o.shape.latent_size = 5000; }), "--latent is 5000, must be 1 to 4096");
  EXPECT_EQ(message([](auto& o) { o.epochs = 0; }), "--epochs is 0, must be 1 to 1000000");
  EXPECT_EQ(message([](auto& o) { o.batch_size = 1; }), "--batch is 1, must be 2 to 65536");
  EXPECT_THAT(message([](auto& o) { o.learning_rate = -1; }), HasSubstr("--learning-rate is -1"));
  EXPECT_THAT(message([](auto& o) { o.learning_rate = std::nan(""); }), HasSubstr("--learning-rate is nan"));
  EXPECT_THAT(message([](auto& o) { o.ema_decay = 1; }), HasSubstr("--ema-decay is 1"));
  EXPECT_THAT(message([](auto& o) { o.report_every = 0; }), HasSubstr("--report-every is 0"));
}

TEST(TrainOptionsTest, WritesTheSpecAsJson) {
  TrainOptions options;
  options.data = "/data with \"quotes\"";
  options.seed = 18446744073709551615U;
  const auto spec = nlohmann::json::parse(SpecJson(options));
  EXPECT_EQ(spec["data"], options.data);
  EXPECT_EQ(spec["seed"], 18446744073709551615U);
  EXPECT_EQ(spec["size"], 32);
}

TEST(TrainOptionsTest, LetsAJobGoOnOnlyWithWhatFixedItsWeights) {
  TrainOptions options;
  options.data = "data";
  const std::string spec = SpecJson(options);
  options.epochs = 99;
  options.report_every = 1;
  EXPECT_TRUE(CheckResumable(spec, options).ok());
  options.seed = 2;
  const absl::Status status = CheckResumable(spec, options);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "--seed is 2, but the job was started with 1");
  EXPECT_EQ(CheckResumable("{", options).code(), absl::StatusCode::kDataLoss);
}

TEST(ModelDescriptionTest, SaysWhatTheServerNeeds) {
  TrainOptions options;
  options.shape = {64, 3, 16, 50};
  const auto model = nlohmann::json::parse(ModelJson(options, {"command", 7, 1, 2.5, UtcNow()}));
  EXPECT_EQ(model["format"], 1);
  EXPECT_EQ(model["latent_size"], 50);
  EXPECT_EQ(model["image"], (nlohmann::json{{"width", 64}, {"height", 64}, {"channels", 3}}));
  EXPECT_EQ(model["classes"], 0);
  EXPECT_EQ(model["value_range"], (nlohmann::json{-1, 1}));
  EXPECT_EQ(model["provenance"]["steps"], 7);
  EXPECT_EQ(model["provenance"]["command"], "command");
}

}  // namespace
}  // namespace ganserve
