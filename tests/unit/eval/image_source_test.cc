#include "server/eval/image_source.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "server/serving/latents.h"
#include "tests/support/fake_generator.h"

namespace ganserve {
namespace {

// Pixels [height, width, channels] as [channels, height, width].
std::vector<uint8_t> Planar(const std::vector<uint8_t>& pixels, size_t channels) {
  std::vector<uint8_t> planar;
  for (size_t channel = 0; channel < channels; ++channel) {
    for (size_t i = channel; i < pixels.size(); i += channels) planar.push_back(pixels[i]);
  }
  return planar;
}

std::vector<uint8_t> ServedImages(const FakeGenerator& generator, uint64_t seed, uint64_t first, size_t count,
                                  std::optional<int64_t> label) {
  std::vector<uint8_t> images;
  for (uint64_t index = first; index < first + count; ++index) {
    const auto planar = Planar(generator.PixelsOf(seed, index, label), 3);
    images.insert(images.end(), planar.begin(), planar.end());
  }
  return images;
}

TEST(ImagesOfGenerator, AreThoseThatAServerMakes) {
  FakeGenerator generator;
  const ImageSource source = ImagesOf(generator, 7, std::nullopt, 1);
  EXPECT_EQ(source(3, 5).value(), ServedImages(generator, 7, 3, 5, std::nullopt));
}

TEST(ImagesOfGenerator, AreTheSameForAnyNumberOfThreads) {
  FakeGenerator generator;
  const auto one = ImagesOf(generator, 7, std::nullopt, 1)(0, 10);
  EXPECT_EQ(ImagesOf(generator, 7, std::nullopt, 3)(0, 10).value(), one.value());
  EXPECT_EQ(ImagesOf(generator, 7, std::nullopt, 64)(0, 10).value(), one.value());
}

TEST(ImagesOfGenerator, HaveTheLabelThatIsGiven) {
  FakeGenerator generator(SmallModel(10));
  EXPECT_EQ(ImagesOf(generator, 7, 4, 2)(0, 3).value(), ServedImages(generator, 7, 0, 3, 4));
}

TEST(ImagesOfGenerator, HaveTheLabelsOfSeedAndIndexWithoutOne) {
  FakeGenerator generator(SmallModel(10));
  std::vector<uint8_t> expected;
  for (uint64_t index = 0; index < 6; ++index) {
    const auto image = ServedImages(generator, 7, index, 1, DrawLabel(7, index, 10));
    expected.insert(expected.end(), image.begin(), image.end());
  }
  EXPECT_EQ(ImagesOf(generator, 7, std::nullopt, 2)(0, 6).value(), expected);
}

TEST(ImagesOfGenerator, HandOnTheGeneratorsError) {
  FakeGenerator generator;
  generator.FailFor(7, 4);
  EXPECT_EQ(ImagesOf(generator, 7, std::nullopt, 3)(0, 9).status().code(), absl::StatusCode::kInternal);
  EXPECT_TRUE(ImagesOf(generator, 7, std::nullopt, 3)(0, 3).ok());
}

TEST(ImagesOfGenerator, MakeAStatusOfWhatTheGeneratorThrows) {
  FakeGenerator generator;
  generator.OnGenerate([](size_t) { throw std::runtime_error("broken"); });
  const absl::Status status = ImagesOf(generator, 7, std::nullopt, 2)(0, 10).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(status.message(), "making images failed: broken");
}

TEST(ImagesOfSet, AreThoseOfTheIndices) {
  const ImageSet set{{2, 1, 1}, {0, 1, 10, 11, 20, 21}};
  EXPECT_EQ(ImagesOf(set, {2, 0, 1})(0, 2).value(), (std::vector<uint8_t>{20, 21, 0, 1}));
  EXPECT_EQ(ImagesOf(set, {2, 0, 1})(2, 1).value(), (std::vector<uint8_t>{10, 11}));
  EXPECT_EQ(ImagesOf(set)(1, 2).value(), (std::vector<uint8_t>{10, 11, 20, 21}));
}

}  // namespace
}  // namespace ganserve
