#include "server/model/model_loader.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include "server/serving/latents.h"
#include "tests/support/script_model.h"

namespace ganserve {
namespace {

using testing::AllOf;
using testing::HasSubstr;

absl::StatusOr<std::shared_ptr<Generator>> Load(const std::string& archive, const ModelConfig& config = {}) {
  return LoadTorchGenerator({.model = "test", .version = 1, .archive = archive, .config = config}, {});
}

// The message of a refusal; its code must blame the file.
std::string Refusal(const std::string& archive, const ModelConfig& config = {}) {
  const auto generator = Load(archive, config);
  EXPECT_EQ(generator.status().code(), absl::StatusCode::kInvalidArgument) << generator.status();
  const std::string message(generator.status().message());
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  return message;
}

// A forward with this body; `z` is [N, Z].
std::string Forward(const std::string& body, const std::vector<ScriptTensor>& tensors = {}) {
  return ScriptModel("def forward(self, z: Tensor) -> Tensor:\n" + body, tensors);
}

// Images of rows 0, 1, ... of one seed.
std::vector<uint8_t> Images(Generator& generator, size_t first, size_t count) {
  const size_t latent_size = static_cast<size_t>(generator.info().latent_size);
  std::vector<float> latents(count * latent_size);
  std::vector<int64_t> labels;
  for (size_t i = 0; i < count; ++i) {
    FillLatent(5, first + i, std::span(latents).subspan(i * latent_size, latent_size));
    if (generator.info().classes > 0) labels.push_back(DrawLabel(5, first + i, generator.info().classes));
  }
  std::vector<uint8_t> pixels(count * generator.info().shape.bytes());
  const absl::Status status = generator.Generate(latents, labels, pixels);
  EXPECT_TRUE(status.ok()) << status;
  return pixels;
}

// Every image of a batch of `count` is what it is alone.
void ExpectBatchEqualsSingles(Generator& generator, size_t count) {
  const std::vector<uint8_t> batch = Images(generator, 0, count);
  const size_t bytes = generator.info().shape.bytes();
  for (size_t i = 0; i < count; ++i) {
    const std::vector<uint8_t> single = Images(generator, i, 1);
    EXPECT_TRUE(std::equal(single.begin(), single.end(), batch.begin() + static_cast<std::ptrdiff_t>(i * bytes)))
        << "image " << i << " of " << count;
  }
}

TEST(ModelLoaderTest, FindsOutLatentSizeShapeAndDigest) {
  for (const int channels : {1, 3}) {
    const auto generator = Load(SmallDcgan(channels));
    ASSERT_TRUE(generator.ok()) << generator.status();
    const GeneratorInfo& info = (*generator)->info();
    EXPECT_EQ(info.latent_size, 8);
    EXPECT_EQ(info.classes, 0);
    EXPECT_EQ(info.shape, (ImageShape{.width = 8, .height = 8, .channels = channels}));
    EXPECT_EQ(info.digest.size(), 64u);
  }
  EXPECT_NE(Load(SmallDcgan(1)).value()->info().digest, Load(SmallDcgan(3)).value()->info().digest);
}

TEST(ModelLoaderTest, TakesLatentsThatAreImages) {
  const auto generator =
      Load(Forward("    return torch.tanh(torch.conv_transpose2d(z, self.w))\n", {{"w", {6, 3, 4, 4}}}));
  ASSERT_TRUE(generator.ok()) << generator.status();
  EXPECT_EQ((*generator)->info().latent_size, 6);
  ExpectBatchEqualsSingles(**generator, 5);
}

TEST(ModelLoaderTest, InterleavesChannels) {
  // Channel c is c times 0.5 - 0.5: black, mid-grey and white whatever the latents.
  const auto generator = Load(Forward("    x = torch.reshape(z, [z.size(0), 1, 2, 2]) * 0\n"
                                      "    return torch.cat([x - 1, x, x + 1], 1)\n"),
                              {.latent_size = 4, .image = {}, .classes = {}, .value_range = {}});
  ASSERT_TRUE(generator.ok()) << generator.status();
  EXPECT_THAT(Images(**generator, 0, 1), testing::ElementsAre(0, 128, 255, 0, 128, 255, 0, 128, 255, 0, 128, 255));
}

// The pixel of an all-zero latent.
int PixelOfZero(const std::string& body, std::optional<ValueRange> range) {
  const auto generator = Load(Forward(body), {.latent_size = 4, .image = {}, .classes = {}, .value_range = range});
  EXPECT_TRUE(generator.ok()) << generator.status();
  std::vector<uint8_t> pixels(4);
  EXPECT_TRUE((*generator)->Generate(std::vector<float>(4), {}, pixels).ok());
  return pixels[0];
}

TEST(ModelLoaderTest, FindsOutWhatTheValuesMean) {
  EXPECT_EQ(PixelOfZero("    return torch.tanh(torch.reshape(z, [z.size(0), 1, 2, 2]))\n", {}), 128);
  EXPECT_EQ(PixelOfZero("    return torch.sigmoid(torch.reshape(z, [z.size(0), 1, 2, 2])) * 0.2\n", {}), 26);
  EXPECT_EQ(PixelOfZero("    return torch.sigmoid(torch.reshape(z, [z.size(0), 1, 2, 2]))\n", ValueRange{-1, 1}), 191);
}

TEST(ModelLoaderTest, GivesEachLabelItsImage) {
  const auto generator = Load(SmallConditional(), {.latent_size = 4, .image = {}, .classes = 3, .value_range = {}});
  ASSERT_TRUE(generator.ok()) << generator.status();
  EXPECT_EQ((*generator)->info().classes, 3);
  std::vector<uint8_t> pixels(3 * 16);
  const std::vector<int64_t> labels = {2, 0, 1};
  ASSERT_TRUE((*generator)->Generate(std::vector<float>(12), labels, pixels).ok());
  EXPECT_GT(pixels[0], 200);
  EXPECT_LT(pixels[16], 55);
  EXPECT_EQ(pixels[32], 128);
  ExpectBatchEqualsSingles(**generator, 7);
}

class BatchTest : public testing::TestWithParam<size_t> {};

TEST_P(BatchTest, AnImageIsTheSameInEveryBatch) { ExpectBatchEqualsSingles(*Load(SmallDcgan(3)).value(), GetParam()); }

// Matrix products round differently for one row than for several.
TEST_P(BatchTest, AnImageIsTheSameInEveryBatchOfALinearModel) {
  const auto generator =
      Load(Forward("    x = torch.relu(torch.linear(z, self.w0, self.b0))\n"
                   "    return torch.reshape(torch.tanh(torch.linear(x, self.w1)), [-1, 1, 16, 16])\n",
                   {{"w0", {96, 50}}, {"b0", {96}}, {"w1", {256, 96}}}));
  ASSERT_TRUE(generator.ok()) << generator.status();
  EXPECT_EQ((*generator)->info().latent_size, 50);
  ExpectBatchEqualsSingles(**generator, GetParam());
}

// Whatever this machine's kernels do, this model's images differ by the size of their batch.
TEST_P(BatchTest, AModelThatLooksAtItsBatchSizeRunsImageByImage) {
  const auto generator = Load(Forward("    return torch.tanh(torch.reshape(z, [z.size(0), 1, 2, 2]) / z.size(0))\n"),
                              {.latent_size = 4, .image = {}, .classes = {}, .value_range = {}});
  ASSERT_TRUE(generator.ok()) << generator.status();
  ExpectBatchEqualsSingles(**generator, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Sizes, BatchTest, testing::Values(1, 2, 3, 8, 16, 19, 40));

TEST(ModelLoaderTest, ManyThreadsGetTheImagesOfOne) {
  const auto generator = Load(SmallDcgan(3)).value();
  const std::vector<uint8_t> expected = Images(*generator, 0, 6);
  std::vector<int> wrong(4);
  {
    std::vector<std::jthread> threads;
    for (int& count : wrong) {
      threads.emplace_back([&generator, &expected, &count] {
        for (int i = 0; i < 25; ++i) count += Images(*generator, 0, 6) == expected ? 0 : 1;
      });
    }
  }
  EXPECT_THAT(wrong, testing::Each(0));
}

TEST(ModelLoaderTest, RefusesATruncatedFile) {
  const std::string archive = SmallDcgan(1);
  for (const size_t size : {size_t{0}, size_t{1}, archive.size() / 2, archive.size() - 1}) {
    EXPECT_THAT(Refusal(archive.substr(0, size)), HasSubstr("not a usable TorchScript archive: ")) << size;
  }
}

TEST(ModelLoaderTest, RefusesAFileThatIsNoTorchScript) {
  std::string noise(5000, '\0');
  uint32_t state = 1;
  for (char& c : noise) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  EXPECT_THAT(Refusal(noise), HasSubstr("not a usable TorchScript archive: "));
  const std::string empty_zip = "PK\x05\x06" + std::string(18, '\0');
  EXPECT_THAT(Refusal(empty_zip), HasSubstr("not a usable TorchScript archive: "));
}

TEST(ModelLoaderTest, RefusesAModuleThatCannotBeCalledAsAGenerator) {
  EXPECT_THAT(Refusal(ScriptModel("def generate(self, z: Tensor) -> Tensor:\n    return z\n")),
              HasSubstr("the module has no method forward"));
  EXPECT_THAT(Refusal(ScriptModel("def forward(self) -> Tensor:\n    return torch.zeros([1, 1, 4, 4])\n")),
              HasSubstr("forward takes 0 arguments; it must take latents, or latents and labels"));
  EXPECT_THAT(
      Refusal(ScriptModel("def forward(self, z: Tensor, y: Tensor, t: Tensor) -> Tensor:\n    return z + y + t\n")),
      HasSubstr("forward takes 3 arguments"));
  EXPECT_THAT(Refusal(ScriptModel("def forward(self, z: Tensor) -> int:\n    return z.size(0)\n")),
              HasSubstr("forward"));
}

TEST(ModelLoaderTest, RefusesOutputsThatAreNoImages) {
  EXPECT_THAT(Refusal(Forward("    return z\n")),
              AllOf(HasSubstr("of shape [1, 100]"), HasSubstr("it must give floats [1, C, H, W], C 1 or 3")));
  EXPECT_THAT(Refusal(Forward("    return torch.reshape(z, [-1, 4, 5, 5])\n")), HasSubstr("of shape [1, 4, 5, 5]"));
  EXPECT_THAT(Refusal(Forward("    return torch.reshape(z, [1, 1, -1, 5]).repeat([2, 1, 1, 1])\n")),
              HasSubstr("of shape [2, 1, 20, 5]"));
  EXPECT_THAT(Refusal(Forward("    return torch.reshape(z, [-1, 1, 10, 10]).to(3)\n")),
              HasSubstr("other than floats"));  // 3: int32
}

TEST(ModelLoaderTest, RefusesValuesThatAreNotFinite) {
  EXPECT_THAT(Refusal(Forward("    return torch.log(torch.reshape(z, [-1, 1, 10, 10]))\n")),
              HasSubstr("the model's output is not finite"));
}

TEST(ModelLoaderTest, RefusesAModelThatThrowsDice) {
  EXPECT_THAT(Refusal(Forward("    return torch.rand_like(torch.reshape(z, [-1, 1, 10, 10]))\n")),
              HasSubstr("the model is not deterministic: two runs on the same latents differ"));
}

TEST(ModelLoaderTest, RefusesAModelThatKeepsState) {
  EXPECT_THAT(Refusal(Forward("    self.count.add_(1.0)\n"
                              "    return torch.tanh(torch.reshape(z, [-1, 1, 10, 10]) * self.count)\n",
                              {{"count", {1}}})),
              HasSubstr("the module keeps state that forward changes"));
}

TEST(ModelLoaderTest, RefusesAModelJsonThatTheModelBelies) {
  EXPECT_THAT(Refusal(SmallConditional(), {.latent_size = 4, .image = {}, .classes = {}, .value_range = {}}),
              HasSubstr("forward takes labels, but model.json does not say how many classes there are"));
  EXPECT_THAT(Refusal(SmallDcgan(1), {.latent_size = {}, .image = {}, .classes = 10, .value_range = {}}),
              HasSubstr("model.json says 10 classes, but forward takes no labels"));
  const ImageShape wrong{.width = 16, .height = 8, .channels = 1};
  EXPECT_THAT(Refusal(SmallDcgan(1), {.latent_size = {}, .image = wrong, .classes = {}, .value_range = {}}),
              HasSubstr("model.json says images of 16x8x1, but the model makes 8x8x1"));
  EXPECT_THAT(Refusal(SmallDcgan(1), {.latent_size = 9, .image = {}, .classes = {}, .value_range = {}}),
              HasSubstr("forward takes no latents [N, Z] or [N, Z, 1, 1] with Z 9"));
}

TEST(ModelLoaderTest, SaysWhichImageCannotBeMadeInsteadOfMakingItUp) {
  // Finite for the latents that the loader checks with, infinite for one that is large.
  const auto generator =
      Load(Forward("    return torch.reshape(z, [-1, 1, 10, 10]) / torch.relu(1000 - torch.sum(z)).sign()\n"));
  ASSERT_TRUE(generator.ok()) << generator.status();
  std::vector<uint8_t> pixels(100);
  const absl::Status status = (*generator)->Generate(std::vector<float>(100, 100.0f), {}, pixels);
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(std::string(status.message()), "the model's output is not finite");
}

}  // namespace
}  // namespace ganserve
