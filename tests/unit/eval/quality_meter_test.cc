#include "server/eval/quality_meter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "server/serving/latents.h"
#include "tests/support/script_model.h"

namespace ganserve {
namespace {

using testing::HasSubstr;

constexpr PlanarShape kShape{4, 4, 1};

// The four quadrants' means as features, and which of the two halves is brighter as logits.
ExtractorSource Extractor() {
  return {"quadrants",
          ScriptModel(R"(
def forward(self, x: Tensor) -> Tuple[Tensor, Tensor]:
    quadrants = torch.reshape(x, [x.size(0), 2, 2, 2, 2]).mean([2, 4]).flatten(1)
    halves = torch.stack([quadrants[:, 0] + quadrants[:, 1], quadrants[:, 2] + quadrants[:, 3]], 1)
    return (quadrants, halves * 10)
)"),
          {}};
}

// Images whose upper half has the brightness that the normal numbers give; the lower one has the opposite.
ImageSet Images(uint64_t seed, size_t count, float mean, float deviation) {
  ImageSet set{kShape};
  std::vector<float> numbers(count * 16);
  FillLatents(seed, 0, 16, numbers);
  for (size_t i = 0; i < numbers.size(); ++i) {
    const bool upper = i % 16 < 8;
    const float level = 128 + (upper ? mean : -mean) + deviation * numbers[i];
    set.samples.push_back(static_cast<uint8_t>(std::min(std::max(level, 0.0f), 255.0f)));
  }
  return set;
}

QualityOptions Small() { return {.kid_subsets = 5, .kid_subset_size = 100, .directions = 16}; }

TEST(QualityMeter, GivesTheBestOfEveryMeasureForOtherImagesOfTheSameKind) {
  const auto meter = QualityMeter::Create(Extractor(), Images(1, 1000, 0, 40), Small());
  ASSERT_TRUE(meter.ok()) << meter.status();
  const ImageSet others = Images(2, 600, 0, 40);
  const auto report = (*meter)->Measure(others.count(), ImagesOf(others));
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->samples, 600);
  EXPECT_EQ(report->reference_images, 1000);
  EXPECT_LT(report->features->fid.distance, 0.01);
  EXPECT_LT(std::abs(report->features->kid.mean), 0.01);
  EXPECT_GT(report->features->manifold.precision, 0.9);
  EXPECT_GT(report->features->manifold.recall, 0.9);
  EXPECT_LT(report->classes->divergence, 0.02);
  EXPECT_LT(report->sliced_wasserstein, 0.05);
}

TEST(QualityMeter, SeesACollapse) {
  const auto meter = QualityMeter::Create(Extractor(), Images(1, 1000, 0, 40), Small());
  ASSERT_TRUE(meter.ok()) << meter.status();
  const ImageSet collapsed = Images(2, 600, 20, 4);
  const auto report = (*meter)->Measure(collapsed.count(), ImagesOf(collapsed));
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_GT(report->features->fid.distance, 0.1);
  EXPECT_LT(report->features->manifold.recall, 0.1);
  EXPECT_NEAR(report->classes->shares[0], 1, 1e-9);
  EXPECT_NEAR(report->classes->divergence, std::log(2), 0.1);
  EXPECT_GT(report->sliced_wasserstein, 0.05);
}

TEST(QualityMeter, GivesTheSameReportEveryTime) {
  const auto meter = QualityMeter::Create(Extractor(), Images(1, 300, 0, 40), Small());
  ASSERT_TRUE(meter.ok()) << meter.status();
  const ImageSet others = Images(2, 200, 5, 30);
  const auto first = (*meter)->Measure(others.count(), ImagesOf(others));
  ASSERT_TRUE((*meter)->Measure(100, ImagesOf(others)).ok());
  const auto second = (*meter)->Measure(others.count(), ImagesOf(others));
  EXPECT_EQ(first->features->fid.distance, second->features->fid.distance);
  EXPECT_EQ(first->features->kid.mean, second->features->kid.mean);
  EXPECT_EQ(first->features->manifold.recall, second->features->manifold.recall);
  EXPECT_EQ(first->sliced_wasserstein, second->sliced_wasserstein);
}

TEST(QualityMeter, MeasuresOnlyTheDistanceOfPixelsWithoutAnExtractor) {
  const auto meter = QualityMeter::Create(std::nullopt, Images(1, 100, 0, 40), Small());
  ASSERT_TRUE(meter.ok()) << meter.status();
  EXPECT_EQ((*meter)->extractor(), nullptr);
  const ImageSet others = Images(2, 50, 40, 40);
  const auto report = (*meter)->Measure(others.count(), ImagesOf(others));
  EXPECT_FALSE(report->features);
  EXPECT_FALSE(report->classes);
  EXPECT_GT(report->sliced_wasserstein, 0.05);
}

TEST(QualityMeter, TakesAPartOfTheReferenceWhenTold) {
  QualityOptions options = Small();
  options.reference_images = 40;
  const auto meter = QualityMeter::Create(Extractor(), Images(1, 300, 0, 40), options);
  ASSERT_TRUE(meter.ok()) << meter.status();
  EXPECT_EQ((*meter)->reference_images(), 40);
}

TEST(QualityMeter, RefusesTooFewImages) {
  EXPECT_THAT(std::string(QualityMeter::Create(Extractor(), Images(1, 3, 0, 40), Small()).status().message()),
              HasSubstr("3 reference images are too few to measure; at least 4 are needed"));
  const ImageSet images = Images(1, 10, 0, 40);
  const auto meter = QualityMeter::Create(Extractor(), images, Small());
  EXPECT_THAT(std::string((*meter)->Measure(3, ImagesOf(images)).status().message()),
              HasSubstr("3 images are too few"));
  EXPECT_TRUE((*meter)->Measure(4, ImagesOf(images)).ok());
}

TEST(QualityMeter, HandsOnTheErrorOfTheSource) {
  const auto meter = QualityMeter::Create(Extractor(), Images(1, 10, 0, 40), Small());
  const auto broken = [](uint64_t, size_t) -> absl::StatusOr<std::vector<uint8_t>> {
    return absl::InternalError("broken");
  };
  EXPECT_EQ((*meter)->Measure(10, broken).status().message(), "broken");
}

TEST(QualityMeter, MakesAStatusOfWhatTheSourceThrows) {
  const auto meter = QualityMeter::Create(Extractor(), Images(1, 10, 0, 40), Small());
  const auto broken = [](uint64_t, size_t) -> absl::StatusOr<std::vector<uint8_t>> {
    throw std::runtime_error("broken");
  };
  const absl::Status status = (*meter)->Measure(10, broken).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(status.message(), "measuring failed: broken");
}

TEST(QualityMeter, MakesAStatusOfWhatItsCreationThrows) {
  QualityOptions options = Small();
  options.directions = size_t{1} << 59;  // times 16 samples: more than a vector can hold
  EXPECT_EQ(QualityMeter::Create(std::nullopt, Images(1, 10, 0, 40), options).status().code(),
            absl::StatusCode::kInternal);
}

TEST(QualityMeter, RefusesAnExtractorThatDoesNotFitBeforeItReadsAnImage) {
  const ExtractorSource wide{"wide.pt",
                             ScriptModel(R"(
def forward(self, x: Tensor) -> Tensor:
    return torch.reshape(x, [x.size(0), 3, 224, 224]).float().mean([2, 3])
)"),
                             {}};
  const auto meter = QualityMeter::Create(wide, Images(1, 10, 0, 40), Small());
  EXPECT_THAT(std::string(meter.status().message()), HasSubstr("extractor wide.pt: it does not take images of 1x4x4"));
}

}  // namespace
}  // namespace ganserve
