#include "server/image/png_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/png_decode.h"
#include "tests/support/sample_images.h"

namespace ganserve {
namespace {

using ::testing::HasSubstr;

constexpr std::array<SampleKind, 6> kAllKinds = {SampleKind::kConstant,    SampleKind::kGradient,
                                                 SampleKind::kSmooth,      SampleKind::kSmoothNoisy,
                                                 SampleKind::kFlatPatches, SampleKind::kNoise};

std::string Encode(const ImageShape& shape, const std::vector<uint8_t>& pixels) {
  std::string out;
  const absl::Status status = PngEncoder().Encode(ImageFormat::kPng, shape, pixels, &out);
  EXPECT_TRUE(status.ok()) << status;
  return out;
}

void ExpectDecodesTo(const std::string& png, const ImageShape& shape, const std::vector<uint8_t>& pixels) {
  const absl::StatusOr<DecodedImage> decoded = DecodePng(png);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->shape, shape);
  EXPECT_TRUE(decoded->pixels == pixels);
}

class PngEncoderShapes : public ::testing::TestWithParam<ImageShape> {};

TEST_P(PngEncoderShapes, LibpngDecodesEveryKindOfImageToItsPixels) {
  for (SampleKind kind : kAllKinds) {
    SCOPED_TRACE(static_cast<int>(kind));
    const std::vector<uint8_t> pixels = MakeSampleImage(kind, GetParam(), 7);
    ExpectDecodesTo(Encode(GetParam(), pixels), GetParam(), pixels);
  }
}

// On both sides of kMaxRunDeflateBytes: 127x128x1 is filtered to exactly that many bytes.
INSTANTIATE_TEST_SUITE_P(Shapes, PngEncoderShapes,
                         ::testing::Values(ImageShape{1, 1, 1}, ImageShape{1, 1, 3}, ImageShape{2, 3, 1},
                                           ImageShape{7, 5, 3}, ImageShape{33, 31, 1}, ImageShape{1, 300, 1},
                                           ImageShape{300, 1, 3}, ImageShape{32, 32, 1}, ImageShape{32, 32, 3},
                                           ImageShape{127, 128, 1}, ImageShape{64, 64, 3}, ImageShape{128, 128, 1},
                                           ImageShape{128, 128, 3}));

// Random shapes, and pixels from few values (skewed codes) to all of them (stored blocks).
TEST(PngEncoder, LibpngDecodesRandomImagesToTheirPixels) {
  std::mt19937 random(20240501);
  for (int round = 0; round < 2000; ++round) {
    const ImageShape shape = {.width = 1 + static_cast<int>(random() % 70),
                              .height = 1 + static_cast<int>(random() % 70),
                              .channels = random() % 2 == 0 ? 1 : 3};
    const auto values = 1 + random() % 256;
    const auto repeat = 1 + random() % 300;  // one in so many samples differs from the one before
    std::vector<uint8_t> pixels(shape.bytes());
    uint8_t value = 0;
    for (uint8_t& pixel : pixels) {
      if (random() % repeat == 0) value = static_cast<uint8_t>(std::min(random() % values, random() % values));
      pixel = value;
    }
    ASSERT_NO_FATAL_FAILURE(ExpectDecodesTo(Encode(shape, pixels), shape, pixels)) << "round " << round;
  }
}

TEST(PngEncoder, IsAtMostATenthLargerThanLibpng) {
  for (const ImageShape& shape : {ImageShape{32, 32, 1}, ImageShape{32, 32, 3}, ImageShape{64, 64, 3},
                                  ImageShape{128, 128, 1}, ImageShape{128, 128, 3}}) {
    for (SampleKind kind : {SampleKind::kSmoothNoisy, SampleKind::kFlatPatches, SampleKind::kNoise}) {
      // Flat patches in 1 KiB of pixels make 150 bytes, most of them chunk headers and the Huffman code itself.
      if (kind == SampleKind::kFlatPatches && shape.bytes() < 2048) continue;
      size_t ours = 0;
      size_t libpngs = 0;
      for (uint32_t seed = 0; seed < 20; ++seed) {
        const std::vector<uint8_t> pixels = MakeSampleImage(kind, shape, seed);
        ours += Encode(shape, pixels).size();
        libpngs += EncodePngWithLibpng(shape, pixels).value().size();
      }
      EXPECT_LE(ours * 10, libpngs * 11) << shape.width << "x" << shape.channels << " kind " << static_cast<int>(kind);
    }
  }
}

TEST(PngEncoder, StoresWhatDoesNotCompress) {
  constexpr ImageShape kShape = {32, 32, 3};
  constexpr size_t kFiltered = 32 * (32 * 3 + 1);
  const std::string png = Encode(kShape, MakeSampleImage(SampleKind::kNoise, kShape, 1));
  EXPECT_LE(png.size(), kFiltered + 57 + 11);  // the chunks of a PNG, and zlib's frame around one stored block
}

TEST(PngEncoder, BytesDependOnTheArgumentsAlone) {
  constexpr ImageShape kSmall = {32, 32, 3};
  constexpr ImageShape kLarge = {128, 128, 3};
  const std::vector<uint8_t> small = MakeSampleImage(SampleKind::kSmoothNoisy, kSmall, 3);
  const std::vector<uint8_t> large = MakeSampleImage(SampleKind::kSmoothNoisy, kLarge, 3);
  const std::string small_png = Encode(kSmall, small);
  const std::string large_png = Encode(kLarge, large);
  std::string out(1'000'000, 'x');  // neither what was encoded before nor what *out held shows
  for (SampleKind kind : kAllKinds) {
    Encode(kSmall, MakeSampleImage(kind, kSmall, 9));
    Encode(kLarge, MakeSampleImage(kind, kLarge, 9));
    ASSERT_TRUE(PngEncoder().Encode(ImageFormat::kPng, kSmall, small, &out).ok());
    EXPECT_TRUE(out == small_png);
    ASSERT_TRUE(PngEncoder().Encode(ImageFormat::kPng, kLarge, large, &out).ok());
    EXPECT_TRUE(out == large_png);
  }
}

TEST(PngEncoder, ThreadsShareOneEncoder) {
  constexpr std::array<ImageShape, 3> kShapes = {ImageShape{32, 32, 1}, ImageShape{32, 32, 3}, ImageShape{96, 96, 3}};
  constexpr int kThreads = 4;
  constexpr uint32_t kSeeds = 10;
  const PngEncoder encoder;
  std::array<std::vector<std::string>, kThreads> encoded;
  {
    std::vector<std::jthread> threads;
    for (std::vector<std::string>& mine : encoded) {
      threads.emplace_back([&encoder, &mine, &kShapes] {
        for (uint32_t seed = 0; seed < kSeeds; ++seed) {
          for (const ImageShape& shape : kShapes) {
            const std::vector<uint8_t> pixels = MakeSampleImage(SampleKind::kSmoothNoisy, shape, seed);
            if (!encoder.Encode(ImageFormat::kPng, shape, pixels, &mine.emplace_back()).ok()) return;
          }
        }
      });
    }
  }
  EXPECT_EQ(encoded[0].size(), kSeeds * kShapes.size());
  for (const std::vector<std::string>& other : encoded) EXPECT_TRUE(other == encoded[0]);
}

TEST(PngEncoder, RawIsThePixels) {
  constexpr ImageShape kShape = {5, 4, 3};
  const std::vector<uint8_t> pixels = MakeSampleImage(SampleKind::kNoise, kShape, 1);
  std::string out = "something else";
  ASSERT_TRUE(PngEncoder().Encode(ImageFormat::kRaw, kShape, pixels, &out).ok());
  EXPECT_EQ(out, std::string(pixels.begin(), pixels.end()));
}

struct Refusal {
  ImageShape shape;
  size_t bytes;
  const char* message;
};

TEST(PngEncoder, RefusesWrongSizesNamingValueAndLimit) {
  for (const Refusal& refusal :
       {Refusal{{0, 32, 1}, 0, "width is 0, not between 1 and 8192"},
        Refusal{{32, -1, 1}, 0, "height is -1, not between 1 and 8192"},
        Refusal{{8193, 1, 1}, 8193, "width is 8193, not between 1 and 8192"},
        Refusal{{4, 4, 2}, 32, "2 channels, not 1 or 3"}, Refusal{{4, 4, 4}, 64, "4 channels, not 1 or 3"},
        Refusal{{4, 5, 3}, 59, "59 bytes of pixels, not 60 (5x4x3)"},
        Refusal{{4, 5, 3}, 61, "61 bytes of pixels, not 60 (5x4x3)"}}) {
    for (ImageFormat format : {ImageFormat::kPng, ImageFormat::kRaw}) {
      const std::vector<uint8_t> pixels(refusal.bytes);
      std::string out = "untouched";
      const absl::Status status = PngEncoder().Encode(format, refusal.shape, pixels, &out);
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
      EXPECT_THAT(std::string(status.message()), HasSubstr(refusal.message));
      EXPECT_EQ(out, "untouched");
    }
  }
}

}  // namespace
}  // namespace ganserve
