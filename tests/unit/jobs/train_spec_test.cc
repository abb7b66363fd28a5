#include "server/jobs/train_spec.h"

#include <gmock/gmock.h>

#include <limits>

#include "proto/spec/train_spec_defaults.h"

namespace ganserve {
namespace {

using testing::AllOf;
using testing::HasSubstr;

v1::TrainSpec OnlyData() {
  v1::TrainSpec spec;
  spec.set_data("fashion-mnist");
  return spec;
}

TEST(TrainSpecTest, ANameOfDataIsEnough) {
  EXPECT_EQ(ValidateTrainSpec(OnlyData()), absl::OkStatus());
  const v1::TrainSpec spec = ResolveTrainSpec(OnlyData());
  EXPECT_EQ(spec.image_size(), 32U);
  EXPECT_EQ(spec.epochs(), 25U);
  EXPECT_EQ(spec.seed(), 1U);
  EXPECT_EQ(spec.discriminator_adam().beta1(), 0.5);
  EXPECT_EQ(spec.recipe(), v1::TRAIN_RECIPE_STANDARD);
  EXPECT_EQ(spec.conditioning(), v1::TRAIN_CONDITIONING_AUTO);
  EXPECT_GT(spec.ema_decay(), 0);
}

TEST(TrainSpecTest, ARecipeFillsInWhatIsNotSet) {
  v1::TrainSpec spec = OnlyData();
  spec.set_recipe(v1::TRAIN_RECIPE_CLASSIC);
  spec.set_ema_decay(0.9);
  const v1::TrainSpec resolved = ResolveTrainSpec(spec);
  EXPECT_EQ(resolved.loss(), v1::TRAIN_LOSS_BCE_WITH_LOGITS);
  EXPECT_EQ(resolved.discriminator_norm(), v1::DISCRIMINATOR_NORM_BATCH);
  EXPECT_EQ(resolved.generator_adam().learning_rate(), 2e-4);
  EXPECT_EQ(resolved.ema_decay(), 0.9);
}

TEST(TrainSpecTest, ALossBringsThePenaltiesAndLearningRatesThatSuitIt) {
  v1::TrainSpec spec = OnlyData();
  spec.set_loss(v1::TRAIN_LOSS_WASSERSTEIN);
  EXPECT_EQ(ResolveTrainSpec(spec).gradient_penalty(), 10);
  EXPECT_EQ(ResolveTrainSpec(spec).generator_adam().learning_rate(), 4e-4);
  spec.set_loss(v1::TRAIN_LOSS_RELATIVISTIC);
  EXPECT_EQ(ResolveTrainSpec(spec).r1_penalty(), 1);
  EXPECT_EQ(ResolveTrainSpec(spec).r2_penalty(), 1);
  EXPECT_EQ(ResolveTrainSpec(spec).generator_adam().learning_rate(), 1.6e-3);
  EXPECT_EQ(ResolveTrainSpec(spec).gradient_penalty(), 0);
}

TEST(TrainSpecTest, NamesSettingsThatDoNotGoTogether) {
  v1::TrainSpec spec = OnlyData();
  spec.set_recipe(v1::TRAIN_RECIPE_CLASSIC);
  spec.set_r1_penalty(1);
  EXPECT_THAT(std::string(ValidateTrainSpec(spec).message()),
              HasSubstr("discriminator_norm is DISCRIMINATOR_NORM_BATCH"));
  spec.set_discriminator_norm(v1::DISCRIMINATOR_NORM_NONE);
  EXPECT_EQ(ValidateTrainSpec(spec), absl::OkStatus());
  spec.set_loss(v1::TRAIN_LOSS_WASSERSTEIN);
  spec.set_gradient_penalty(0);
  spec.set_label_smoothing(0.1);
  EXPECT_THAT(std::string(ValidateTrainSpec(spec).message()),
              AllOf(HasSubstr("gradient_penalty is 0, must be more with TRAIN_LOSS_WASSERSTEIN"),
                    HasSubstr("label_smoothing is 0.1, must be 0 with a loss other than")));
  spec = OnlyData();
  spec.set_body(v1::TRAIN_BODY_RESIDUAL);
  spec.set_discriminator_norm(v1::DISCRIMINATOR_NORM_BATCH);
  EXPECT_THAT(std::string(ValidateTrainSpec(spec).message()),
              HasSubstr("the discriminator of TRAIN_BODY_RESIDUAL has no batch norm"));
}

TEST(TrainSpecTest, RefusesValuesOfANewerClient) {
  v1::TrainSpec spec = OnlyData();
  spec.set_loss(static_cast<v1::TrainLoss>(99));
  spec.set_body(static_cast<v1::TrainBody>(98));
  spec.set_precision(static_cast<v1::TrainPrecision>(97));
  EXPECT_THAT(std::string(ValidateTrainSpec(spec).message()),
              AllOf(HasSubstr("loss is 99, must be 1 to 5"), HasSubstr("body is 98, must be 1 to 2"),
                    HasSubstr("precision is 97, must be 1 to 2")));
}

TEST(TrainSpecTest, RefusesAnExtractorOutsideTheDataRoot) {
  v1::TrainSpec spec = OnlyData();
  spec.set_extractor("../inception.pt");
  EXPECT_THAT(std::string(ValidateTrainSpec(spec).message()), HasSubstr("extractor is \"../inception.pt\""));
}

TEST(TrainSpecTest, ResolvingKeepsWhatIsSetAlsoToZero) {
  v1::TrainSpec spec = OnlyData();
  spec.set_steps(7);
  spec.set_seed(0);
  spec.set_ema_decay(0);
  spec.mutable_generator_adam()->set_beta1(0);
  const v1::TrainSpec resolved = ResolveTrainSpec(spec);
  EXPECT_EQ(resolved.steps(), 7U);
  EXPECT_FALSE(resolved.has_epochs());
  EXPECT_EQ(resolved.seed(), 0U);
  EXPECT_EQ(resolved.ema_decay(), 0);
  EXPECT_EQ(resolved.generator_adam().beta1(), 0);
  EXPECT_TRUE(resolved.generator_adam().has_learning_rate());
}

TEST(TrainSpecTest, NamesEveryFaultAtOnce) {
  v1::TrainSpec spec;
  spec.set_data("../secrets");
  spec.set_image_size(33);
  spec.set_batch_size(0);
  spec.mutable_generator_adam()->set_learning_rate(std::numeric_limits<double>::quiet_NaN());
  spec.set_memory_limit_bytes(1);
  const absl::Status status = ValidateTrainSpec(spec);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("data is \"../secrets\""), HasSubstr("image_size is 33, must be 32, 64 or 128"),
                    HasSubstr("batch_size is 0, must be 2 to 65536"), HasSubstr("generator_adam.learning_rate is nan"),
                    HasSubstr("memory_limit_bytes is 1, must be 0 (no limit) or at least 268435456")));
}

TEST(TrainSpecTest, ARequestsFaultsAreNamedWithThoseOfItsSpec) {
  v1::TrainJobRequest request;
  request.mutable_spec()->set_data("digits");
  EXPECT_EQ(ValidateTrainJobRequest(request), absl::OkStatus());
  request.mutable_spec()->set_promote_only_if_not_worse(true);
  EXPECT_THAT(std::string(ValidateTrainJobRequest(request).message()), HasSubstr("promote_to_model is empty"));
  request.mutable_spec()->set_batch_size(1);
  request.mutable_spec()->set_promote_to_model("../shoes");
  request.set_request_id("two words");
  const absl::Status status = ValidateTrainJobRequest(request);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("batch_size is 1"), HasSubstr("promote_to_model is \"../shoes\", must be a letter"),
                    HasSubstr("request_id has 9 bytes, must be up to 128 visible ASCII characters")));
}

class DataNameTest : public testing::TestWithParam<const char*> {};

TEST_P(DataNameTest, RefusesWhatCouldLeaveTheDataRoot) {
  v1::TrainSpec spec;
  spec.set_data(GetParam());
  EXPECT_EQ(ValidateTrainSpec(spec).code(), absl::StatusCode::kInvalidArgument);
}

INSTANTIATE_TEST_SUITE_P(Names, DataNameTest,
                         testing::Values("", ".", "..", "a/b", "/etc", ".hidden", "a b", "\xc3\xa4"));

TEST(TrainSpecTest, SurvivesJson) {
  const v1::TrainSpec spec = ResolveTrainSpec(OnlyData());
  const auto json = TrainSpecToJson(spec);
  ASSERT_TRUE(json.ok()) << json.status();
  EXPECT_THAT(*json, HasSubstr("\"image_size\": 32"));
  const auto read = TrainSpecFromJson(*json);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->SerializeAsString(), spec.SerializeAsString());
}

TEST(TrainSpecTest, RefusesJsonThatIsNoSpec) {
  for (const char* json : {"", "{", "[]", "{\"unknown\": 1}"}) {
    EXPECT_EQ(TrainSpecFromJson(json).status().code(), absl::StatusCode::kDataLoss) << json;
  }
}

}  // namespace
}  // namespace ganserve
