// Training on another device than the CPU, and in mixed precision.
#include <gmock/gmock.h>

#include <limits>

#include "server/train/gan.h"
#include "server/train/network_state.h"
#include "tests/support/fake_accelerator.h"
#include "tests/unit/train/recipes.h"
#include "tests/unit/train/test_device.h"

namespace ganserve {
namespace {

using testing::Each;

std::vector<torch::Device> PlacesOf(const torch::nn::Module& network) {
  std::vector<torch::Device> places;
  for (const torch::Tensor& parameter : network.parameters()) places.push_back(parameter.device());
  for (const torch::Tensor& buffer : network.buffers()) places.push_back(buffer.device());
  return places;
}

class DeviceTest : public testing::TestWithParam<Recipe> {
 protected:
  DeviceTest() { torch::set_num_threads(1); }
  const GanSettings settings_ = SettingsOf(GetParam());
  const torch::Device device_ = TestDevice();
};

TEST_P(DeviceTest, TrainsAsOnTheCpu) {
  Gan expected(settings_);
  Steps(expected, settings_, 0, 6);
  const LossSums::Means losses = expected.TakeLosses();
  Gan gan(settings_, device_);
  Steps(gan, settings_, 0, 6, device_);
  EXPECT_TRUE(gan.sound());
  EXPECT_THAT(PlacesOf(gan.generator()), Each(device_));
  EXPECT_THAT(PlacesOf(gan.discriminator()), Each(device_));
  const LossSums::Means got = gan.TakeLosses();
  EXPECT_NEAR(got.discriminator, losses.discriminator, 1e-3);
  EXPECT_NEAR(got.generator, losses.generator, 1e-3);
  EXPECT_NEAR(got.discriminator_gradient_norm, losses.discriminator_gradient_norm,
              1e-2 * losses.discriminator_gradient_norm);
  // Adam's first steps are of the learning rate whatever a gradient's size, its sign alone counts.
  const torch::Tensor distance = (Weights(gan.generator()) - Weights(expected.generator())).abs();
  EXPECT_LT(distance.mean().item<float>(), settings_.generator_adam.learning_rate / 10);
}

TEST_P(DeviceTest, ResumedEndsWhereAnUninterruptedRunEnds) {
  Gan whole(settings_, device_);
  Steps(whole, settings_, 0, 5, device_);
  Gan first(settings_, device_);
  Steps(first, settings_, 0, 3, device_);
  Gan second(settings_, device_);
  ASSERT_EQ(second.Load(first.Save().value()), absl::OkStatus());
  Steps(second, settings_, 3, 2, device_);
  EXPECT_TRUE(second.Save().value() == whole.Save().value());
}

TEST_P(DeviceTest, ACheckpointMovesBetweenDevicesWithoutLoss) {
  Gan gan(settings_);
  Steps(gan, settings_, 0, 3);
  const std::string checkpoint = gan.Save().value();
  Gan there(settings_, device_);
  ASSERT_EQ(there.Load(checkpoint), absl::OkStatus());
  EXPECT_THAT(PlacesOf(there.generator()), Each(device_));
  Gan back(settings_);
  ASSERT_EQ(back.Load(there.Save().value()), absl::OkStatus());
  EXPECT_TRUE(back.Save().value() == checkpoint);
  Steps(there, settings_, 3, 1, device_);
  EXPECT_TRUE(there.sound());
}

TEST_P(DeviceTest, TheAveragedGeneratorDependsOnTheWeightsAlone) {
  Gan gan(settings_, device_);
  Steps(gan, settings_, 0, 3, device_);
  Gan same(settings_);
  ASSERT_EQ(same.Load(gan.Save().value()), absl::OkStatus());
  const auto generator = gan.AveragedGenerator(1);
  EXPECT_THAT(PlacesOf(*generator), Each(torch::Device(torch::kCPU)));
  const GanBatch batch = Batch(settings_, 0);
  const torch::NoGradGuard no_grad;
  EXPECT_TRUE(
      generator->forward(batch.z, batch.labels).equal(same.AveragedGenerator(1)->forward(batch.z, batch.labels)));
}

TEST_P(DeviceTest, DivergenceIsSeenOnADeviceToo) {
  Gan gan(settings_, device_);
  GanBatch batch = Batch(settings_, 0, device_);
  batch.real = batch.real * std::numeric_limits<float>::quiet_NaN();
  gan.Step(batch);
  EXPECT_FALSE(gan.sound());
  Steps(gan, settings_, 1, 2, device_);
  EXPECT_FALSE(gan.sound()) << "whenever it is looked for";
}

TEST_P(DeviceTest, StepsLeaveNothingBehind) {
  if (!IsFake(device_)) GTEST_SKIP() << "only the fake accelerator counts its bytes";
  Gan gan(settings_, device_);
  Steps(gan, settings_, 0, 6, device_);
  const size_t bytes = FakeAcceleratorBytes();
  Steps(gan, settings_, 6, 12, device_);
  EXPECT_EQ(FakeAcceleratorBytes(), bytes);
}

// Reading waits for the device.
TEST_P(DeviceTest, AStepReadsNothing) {
  if (!IsFake(device_)) GTEST_SKIP() << "only the fake accelerator tells what is read";
  Gan gan(settings_, device_);
  std::vector<std::string> reads;
  ObserveFakeAccelerator([&](const std::string& name) {
    if (name == "read" || name == "aten::_local_scalar_dense" || name == "aten::equal") reads.push_back(name);
  });
  Steps(gan, settings_, 0, 6, device_);
  EXPECT_THAT(reads, testing::IsEmpty());
  EXPECT_TRUE(gan.sound());
  EXPECT_THAT(reads, testing::SizeIs(1));
  ObserveFakeAccelerator({});
}

INSTANTIATE_TEST_SUITE_P(All, DeviceTest, testing::ValuesIn(kRecipes), NameOf);

class MixedPrecisionTest : public testing::TestWithParam<Recipe> {
 protected:
  MixedPrecisionTest() { torch::set_num_threads(1); }

  static GanSettings Mixed() {
    GanSettings settings = SettingsOf(GetParam());
    settings.precision = Precision::kBfloat16;
    return settings;
  }

  // The fake accelerator has no mixed precision.
  const torch::Device device_ = IsFake(TestDevice()) ? torch::Device(torch::kCPU) : TestDevice();
};

TEST_P(MixedPrecisionTest, TrainsLikeFloat32ButNotTheSame) {
  const GanSettings settings = SettingsOf(GetParam());
  Gan full(settings);
  Steps(full, settings, 0, 4);
  Gan mixed(Mixed(), device_);
  Steps(mixed, Mixed(), 0, 4, device_);
  EXPECT_TRUE(mixed.sound());
  const LossSums::Means expected = full.TakeLosses();
  const LossSums::Means got = mixed.TakeLosses();
  EXPECT_FALSE(Weights(mixed.generator()).equal(Weights(full.generator())));
  EXPECT_NEAR(got.discriminator, expected.discriminator, 0.02);
  EXPECT_NEAR(got.generator, expected.generator, 0.02);
  EXPECT_NEAR(got.discriminator_gradient_norm, expected.discriminator_gradient_norm,
              0.05 * expected.discriminator_gradient_norm);
}

TEST_P(MixedPrecisionTest, ResumedEndsWhereAnUninterruptedRunEnds) {
  Gan whole(Mixed(), device_);
  Steps(whole, Mixed(), 0, 5, device_);
  Gan first(Mixed(), device_);
  Steps(first, Mixed(), 0, 3, device_);
  Gan second(Mixed(), device_);
  ASSERT_EQ(second.Load(first.Save().value()), absl::OkStatus());
  Steps(second, Mixed(), 3, 2, device_);
  EXPECT_TRUE(second.Save().value() == whole.Save().value());
}

INSTANTIATE_TEST_SUITE_P(All, MixedPrecisionTest, testing::ValuesIn(kRecipes), NameOf);

TEST(NetworkStateTest, KernelsAreChannelsLastWhereTorchConvolves) {
  for (const bool mixed : {false, true}) {
    const auto network = MakeDiscriminator({32, 3, 4, 8});
    PlaceNetwork(*network, mixed ? torch::Device(torch::kCPU) : TestDevice(),
                 mixed ? Precision::kBfloat16 : Precision::kFloat32);
    for (const torch::Tensor& parameter : network->parameters()) {
      if (parameter.dim() != 4) continue;
      EXPECT_TRUE(parameter.is_contiguous(at::MemoryFormat::ChannelsLast)) << parameter.sizes();
    }
  }
}

}  // namespace
}  // namespace ganserve
