#include "server/eval/feature_extractor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "tests/support/script_model.h"
#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr PlanarShape kGrey{4, 4, 1};
constexpr PlanarShape kColour{4, 4, 3};

ExtractorSource Source(const std::string& forward) { return {"net.pt", ScriptModel(forward), {}}; }

std::string LoadFault(const ExtractorSource& source, const PlanarShape& shape) {
  const auto extractor = FeatureExtractor::Load(source, shape);
  EXPECT_FALSE(extractor.ok());
  return std::string(extractor.status().message());
}

// The features of one image whose samples all have that value.
std::vector<float> FeaturesOf(const ExtractorSource& source, const PlanarShape& shape, std::vector<uint8_t> image) {
  const auto extractor = FeatureExtractor::Load(source, shape);
  EXPECT_TRUE(extractor.ok()) << extractor.status();
  Features features;
  Features logits;
  EXPECT_TRUE((*extractor)->Append(image, &features, &logits).ok());
  return features.values;
}

// Mean of each channel.
const char kMeans[] = "def forward(self, x: Tensor) -> Tensor:\n    return x.mean([2, 3])\n";

TEST(FeatureExtractor, HandsOverFloatsFromMinusOneToOne) {
  EXPECT_THAT(FeaturesOf(Source(kMeans), kGrey, std::vector<uint8_t>(16, 255)), ElementsAre(1));
  EXPECT_THAT(FeaturesOf(Source(kMeans), kGrey, std::vector<uint8_t>(16, 0)), ElementsAre(-1));
}

TEST(FeatureExtractor, HandsOverBytesToOneThatRefusesFloats) {
  const auto source =
      Source("def forward(self, x: Tensor) -> Tensor:\n    return torch.bitwise_and(x, 255).float().mean([2, 3])\n");
  EXPECT_THAT(FeaturesOf(source, kGrey, std::vector<uint8_t>(16, 200)), ElementsAre(200));
}

TEST(FeatureExtractor, CallsTheFieldsInceptionWithBytesInThreeChannels) {
  const auto source = Source(R"(
def forward(self, img: Tensor, return_features: bool = False, no_output_bias: bool = False) -> Tensor:
    means = torch.bitwise_and(img, 255).float().mean([2, 3])
    if return_features:
        return torch.cat([means, means], 1)
    if no_output_bias:
        return torch.softmax(means, 1)
    return means
)");
  const auto extractor = FeatureExtractor::Load(source, kGrey);
  ASSERT_TRUE(extractor.ok()) << extractor.status();
  EXPECT_EQ((*extractor)->info().dims, 6);
  EXPECT_EQ((*extractor)->info().classes, 3);
  Features features;
  Features logits;
  ASSERT_TRUE((*extractor)->Append(std::vector<uint8_t>(16, 7), &features, &logits).ok());
  EXPECT_THAT(features.values, ElementsAre(7, 7, 7, 7, 7, 7));
  for (const float logit : logits.values) EXPECT_NEAR(logit, -1.0986123, 1e-5);  // log(1/3)
}

TEST(FeatureExtractor, TakesATupleOfFeaturesAndLogits) {
  const auto source = Source(R"(
def forward(self, x: Tensor) -> Tuple[Tensor, Tensor]:
    return (x.flatten(1), x.mean([1, 2, 3]).unsqueeze(1).repeat([1, 5]))
)");
  const auto extractor = FeatureExtractor::Load(source, kGrey);
  ASSERT_TRUE(extractor.ok()) << extractor.status();
  EXPECT_EQ((*extractor)->info().dims, 16);
  EXPECT_EQ((*extractor)->info().classes, 5);
  Features features;
  Features logits;
  ASSERT_TRUE((*extractor)->Append(std::vector<uint8_t>(3 * 16, 0), &features, &logits).ok());
  EXPECT_EQ(features.count(), 3);
  EXPECT_EQ(logits.count(), 3);
}

TEST(FeatureExtractor, TakesFeaturesOfOnePixel) {
  const auto source = Source("def forward(self, x: Tensor) -> Tensor:\n    return x.mean([2, 3], True)\n");
  EXPECT_THAT(FeaturesOf(source, kColour, std::vector<uint8_t>(48, 255)), ElementsAre(1, 1, 1));
}

TEST(FeatureExtractor, RepeatsGreyForOneThatTakesColour) {
  const auto source = Source(R"(
def forward(self, x: Tensor) -> Tensor:
    return torch.reshape(x, [x.size(0), 3, 4, 4]).mean([2, 3])
)");
  EXPECT_THAT(FeaturesOf(source, kGrey, std::vector<uint8_t>(16, 255)), ElementsAre(1, 1, 1));
}

TEST(FeatureExtractor, TakesColourChannelByChannelThroughOneThatTakesGrey) {
  const auto source = Source(R"(
def forward(self, x: Tensor) -> Tuple[Tensor, Tensor]:
    y = torch.reshape(x, [x.size(0), 1, 4, 4]).mean([2, 3])
    return (y, y)
)");
  std::vector<uint8_t> image(48, 0);
  std::fill_n(image.begin() + 16, 16, uint8_t{255});
  const auto extractor = FeatureExtractor::Load(source, kColour);
  ASSERT_TRUE(extractor.ok()) << extractor.status();
  EXPECT_EQ((*extractor)->info().classes, 0);
  EXPECT_THAT(FeaturesOf(source, kColour, image), ElementsAre(-1, 1, -1));
}

TEST(FeatureExtractor, FitsImagesToTheSizeThatItsConfigurationSays) {
  ExtractorSource source =
      Source("def forward(self, x: Tensor) -> Tensor:\n    return torch.reshape(x, [x.size(0), 4])\n");
  source.config.image = PlanarShape{2, 2, 1};
  EXPECT_THAT(FeaturesOf(source, {8, 8, 1}, std::vector<uint8_t>(64, 255)), ElementsAre(1, 1, 1, 1));
}

TEST(FeatureExtractor, SaysWhichImagesItWouldTake) {
  const auto source = Source(R"(
def forward(self, x: Tensor) -> Tensor:
    return torch.reshape(x, [x.size(0), 3, 299, 299]).float().mean([2, 3])
)");
  const std::string fault = LoadFault(source, {32, 32, 1});
  EXPECT_THAT(fault,
              HasSubstr("extractor net.pt: it does not take images of 1x32x32: shape '[2, 3, 299, 299]' is invalid"));
  EXPECT_THAT(fault, HasSubstr("it takes 3x299x299 in float [-1, 1]"));
}

TEST(FeatureExtractor, RefusesAnswersThatAreNoFeatures) {
  EXPECT_THAT(LoadFault(Source("def forward(self, x: Tensor) -> Tensor:\n    return x.mean(3)\n"), kGrey),
              HasSubstr("it returns features as floats [2, 1, 4]; they must be floats [2, D]"));
  EXPECT_THAT(
      LoadFault(Source("def forward(self, x: Tensor) -> Tensor:\n    return x.flatten().unsqueeze(0)\n"), kGrey),
      HasSubstr("floats [1, 32]"));
  EXPECT_THAT(LoadFault(Source("def forward(self, x: Tensor) -> Tensor:\n    return x.flatten(1).long()\n"), kGrey),
              HasSubstr("other than floats [2, 16]"));
  EXPECT_THAT(LoadFault(Source("def forward(self, x: Tensor) -> int:\n    return 3\n"), kGrey),
              HasSubstr("it returns a Int"));
  EXPECT_THAT(LoadFault(Source("def forward(self, x: Tensor) -> Tensor:\n    return torch.log(x.flatten(1))\n"), kGrey),
              HasSubstr("features that are not finite"));
}

TEST(FeatureExtractor, RefusesFilesThatAreNoNetworks) {
  EXPECT_EQ(LoadFault({"net.pt", "no archive", {}}, kGrey), "extractor net.pt: not a usable TorchScript file");
  EXPECT_EQ(LoadFault({"net.pt", "", {}}, kGrey), "extractor net.pt: not a usable TorchScript file");
}

TEST(FeatureExtractor, NoticesValuesThatAreNotFiniteLater) {
  // 1 / (x - 0.2) for a value that no trial image has.
  const auto source = Source("def forward(self, x: Tensor) -> Tensor:\n    return 1 / torch.relu(1 - x).flatten(1)\n");
  const auto extractor = FeatureExtractor::Load(source, kGrey);
  ASSERT_TRUE(extractor.ok()) << extractor.status();
  Features features;
  Features logits;
  const absl::Status status = (*extractor)->Append(std::vector<uint8_t>(16, 255), &features, &logits);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("extractor net.pt: it returns features that are not finite"));
}

// Answers one way to the trial images of Load, another to an image with a sample of 255.
absl::Status AppendAfterLoad(const std::string& forward) {
  const auto extractor = FeatureExtractor::Load(Source(forward), kGrey);
  EXPECT_TRUE(extractor.ok()) << extractor.status();
  Features features;
  Features logits;
  const absl::Status status = (*extractor)->Append(std::vector<uint8_t>(16, 255), &features, &logits);
  EXPECT_TRUE(status.ok() || features.values.empty());
  return status;
}

TEST(FeatureExtractor, NoticesAnotherNumberOfLogitsLater) {
  const absl::Status status = AppendAfterLoad(R"(
def forward(self, x: Tensor) -> Tuple[Tensor, Tensor]:
    logits = x.mean([2, 3])
    if bool(x.max() > 0.99):
        logits = logits.repeat([1, 3])
    return (x.flatten(1), logits)
)");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "extractor net.pt: it gives 3 logits, and gave 1 when it was loaded");
}

TEST(FeatureExtractor, NoticesLogitsThatAreNoLongerThere) {
  const absl::Status status = AppendAfterLoad(R"(
def forward(self, x: Tensor) -> Any:
    if bool(x.max() > 0.99):
        return x.flatten(1)
    return (x.flatten(1), x.mean([2, 3]))
)");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "extractor net.pt: it gives 0 logits, and gave 1 when it was loaded");
}

// Needs 4 PiB, more than an address space has.
#define GANSERVE_NEEDS_4_PIB "torch.zeros([1125899906842624])"

class OutOfMemoryTest : public testing::Test {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "the sanitizers' malloc ends the process";
#endif
  }
};

TEST_F(OutOfMemoryTest, OnLoadIsNoFaultOfTheExtractor) {
  const auto source =
      Source("def forward(self, x: Tensor) -> Tensor:\n    return x.flatten(1) + " GANSERVE_NEEDS_4_PIB "[0]\n");
  const absl::Status status = FeatureExtractor::Load(source, kGrey).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), HasSubstr("extractor net.pt: out of memory: "));
}

TEST_F(OutOfMemoryTest, OnAppendIsNoFaultOfTheExtractor) {
  const absl::Status status = AppendAfterLoad(R"(
def forward(self, x: Tensor) -> Tensor:
    if bool(x.max() > 0.99):
        return )" GANSERVE_NEEDS_4_PIB R"(
    return x.flatten(1)
)");
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), HasSubstr("extractor net.pt: out of memory: "));
}

TEST(FindExtractor, ReadsAFileOrAFolder) {
  const TemporaryFolder folder;
  const std::string file = folder.Write("extractor.pt", ScriptModel(kMeans));
  folder.Write("extractor.json", R"({"format": 1, "class_names": ["a"]})");
  const auto from_file = FindExtractor(file);
  ASSERT_TRUE(from_file.ok()) << from_file.status();
  EXPECT_TRUE(from_file->config.class_names.empty());
  const auto from_folder = FindExtractor(folder.path());
  ASSERT_TRUE(from_folder.ok()) << from_folder.status();
  EXPECT_EQ(from_folder->archive, from_file->archive);
  EXPECT_THAT(from_folder->config.class_names, ElementsAre("a"));
}

TEST(FindExtractor, NamesThePathOfWhatIsWrong) {
  const TemporaryFolder folder;
  EXPECT_THAT(std::string(FindExtractor(folder.File("none.pt")).status().message()), HasSubstr("none.pt"));
  folder.Write("extractor.json", "{}");
  EXPECT_THAT(std::string(FindExtractor(folder.path()).status().message()),
              HasSubstr(folder.path() + "/extractor.json: format is null"));
}

TEST(EmbeddedExtractor, KnowsTheClassesOfFashionMnist) {
  const auto source = FindExtractor("fashion-mnist");
  ASSERT_TRUE(source.ok()) << source.status();
  const auto extractor = FeatureExtractor::Load(*source, {32, 32, 1});
  ASSERT_TRUE(extractor.ok()) << extractor.status();
  EXPECT_EQ((*extractor)->info().dims, 128);
  EXPECT_EQ((*extractor)->info().classes, 10);
}

TEST(EmbeddedExtractor, TakesColourImagesOfAnySize) {
  const auto extractor = FeatureExtractor::Load(*EmbeddedExtractor(), {64, 64, 3});
  ASSERT_TRUE(extractor.ok()) << extractor.status();
  EXPECT_EQ((*extractor)->info().dims, 3 * 128);
}

}  // namespace
}  // namespace ganserve
