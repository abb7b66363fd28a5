#include "server/data/jpeg_decode.h"

#include <gmock/gmock.h>

#include "tests/unit/data/jpeg_files.h"

namespace ganserve {
namespace {

using testing::HasSubstr;
using testing::Pointwise;

constexpr int kSize = 16;

// JPEG rounds: a sample may come back so far off.
MATCHER(IsAbout, "") { return std::abs(int{std::get<0>(arg)} - int{std::get<1>(arg)}) <= 3; }

absl::StatusOr<PlanarImage> Decode(const std::string& file) {
  return DecodeJpeg("a.jpg", {reinterpret_cast<const uint8_t*>(file.data()), file.size()});
}

// A smooth picture whose channels differ, [kSize, kSize, channels].
std::vector<uint8_t> Gradient(int channels) {
  std::vector<uint8_t> samples;
  for (int y = 0; y < kSize; ++y) {
    for (int x = 0; x < kSize; ++x) {
      for (int c = 0; c < channels; ++c) samples.push_back(static_cast<uint8_t>(20 + 8 * x + 4 * y + 30 * c));
    }
  }
  return samples;
}

// Of four components of the same value everywhere.
std::vector<uint8_t> Plain(std::vector<uint8_t> components) {
  std::vector<uint8_t> samples;
  for (int i = 0; i < kSize * kSize; ++i) samples.insert(samples.end(), components.begin(), components.end());
  return samples;
}

// Four 8 x 8 blocks, which are what JPEG codes on its own.
std::vector<uint8_t> Quadrants(const std::vector<uint8_t>& values) {
  std::vector<uint8_t> samples;
  for (int y = 0; y < kSize; ++y) {
    for (int x = 0; x < kSize; ++x) samples.push_back(values[static_cast<size_t>(y / 8 * 2 + x / 8)]);
  }
  return samples;
}

class JpegKindTest : public testing::TestWithParam<bool> {};

TEST_P(JpegKindTest, GivesTheColoursBackPlanar) {
  const std::vector<uint8_t> samples = Gradient(3);
  JpegKind kind;
  kind.progressive = GetParam();
  const auto image = Decode(Jpeg(kSize, samples, kind));
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->shape, (PlanarShape{kSize, kSize, 3}));
  EXPECT_THAT(image->samples, Pointwise(IsAbout(), PlanarOfInterleaved(samples, 3)));
}

TEST_P(JpegKindTest, GivesGreyBackAsOneChannel) {
  const std::vector<uint8_t> samples = Gradient(1);
  JpegKind kind;
  kind.components = 1;
  kind.progressive = GetParam();
  const auto image = Decode(Jpeg(kSize, samples, kind));
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->shape, (PlanarShape{kSize, kSize, 1}));
  EXPECT_THAT(image->samples, Pointwise(IsAbout(), samples));
}

INSTANTIATE_TEST_SUITE_P(BaselineAndProgressive, JpegKindTest, testing::Bool());

TEST(JpegDecodeTest, MakesRgbOfInks) {
  // Cyan 40 %, magenta none, yellow all, black 20 %: (1 - ink)(1 - black) of each.
  const std::vector<uint8_t> inks = {102, 0, 255, 51};
  const std::vector<uint8_t> adobe_inks = {153, 255, 0, 204};
  for (const bool adobe : {false, true}) {
    JpegKind kind;
    kind.components = 4;
    kind.adobe_marker = adobe;
    const auto image = Decode(Jpeg(kSize, Plain(adobe ? adobe_inks : inks), kind));
    ASSERT_TRUE(image.ok()) << image.status();
    ASSERT_EQ(image->shape, (PlanarShape{kSize, kSize, 3}));
    EXPECT_NEAR(image->samples[0], 0.6 * 0.8 * 255, 2);
    EXPECT_NEAR(image->samples[kSize * kSize], 0.8 * 255, 2);
    EXPECT_NEAR(image->samples[2 * kSize * kSize], 0, 2);
  }
}

// What a camera stores of the picture "10 80 / 160 230", by where EXIF says that its first row and column are.
struct Held {
  int orientation;
  std::vector<uint8_t> stored;
};

class JpegOrientationTest : public testing::TestWithParam<Held> {};

TEST_P(JpegOrientationTest, TurnsThePictureUpright) {
  for (const bool big_endian : {false, true}) {
    JpegKind kind;
    kind.components = 1;
    kind.orientation = GetParam().orientation;
    kind.big_endian_exif = big_endian;
    const auto image = Decode(Jpeg(kSize, Quadrants(GetParam().stored), kind));
    ASSERT_TRUE(image.ok()) << image.status();
    EXPECT_THAT(image->samples, Pointwise(IsAbout(), Quadrants({10, 80, 160, 230})));
  }
}

INSTANTIATE_TEST_SUITE_P(All, JpegOrientationTest,
                         testing::Values(Held{1, {10, 80, 160, 230}},    // row: top, column: left
                                         Held{2, {80, 10, 230, 160}},    // top, right
                                         Held{3, {230, 160, 80, 10}},    // bottom, right
                                         Held{4, {160, 230, 10, 80}},    // bottom, left
                                         Held{5, {10, 160, 80, 230}},    // left, top
                                         Held{6, {80, 230, 10, 160}},    // right, top
                                         Held{7, {230, 80, 160, 10}},    // right, bottom
                                         Held{8, {160, 10, 230, 80}},    // left, bottom
                                         Held{99, {10, 80, 160, 230}}),  // no such orientation
                         [](const auto& held) { return "Orientation" + std::to_string(held.param.orientation); });

TEST(JpegDecodeTest, CutAnywhereNamesTheFileAndAnOffsetWithin) {
  for (const bool progressive : {false, true}) {
    JpegKind kind;
    kind.progressive = progressive;
    kind.orientation = 6;
    const std::string whole = Jpeg(kSize, Gradient(3), kind);
    for (size_t length = 0; length < whole.size(); ++length) {
      const auto image = Decode(whole.substr(0, length));
      ASSERT_EQ(image.status().code(), absl::StatusCode::kDataLoss) << length;
      const std::string message(image.status().message());
      EXPECT_THAT(message, HasSubstr("a.jpg: corrupt JPEG ("));
      EXPECT_LE(std::stoul(message.substr(message.rfind(' ') + 1)), length);
    }
  }
}

TEST(JpegDecodeTest, SurvivesAnyFlippedByte) {
  JpegKind kind;
  kind.progressive = true;
  kind.orientation = 6;
  const std::string whole = Jpeg(kSize, Gradient(3), kind);
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x5a);
    const auto image = Decode(flipped);
    if (image.ok()) {
      EXPECT_EQ(image->samples.size(), image->shape.samples());
    } else {
      EXPECT_THAT(std::string(image.status().message()), HasSubstr("a.jpg: "));
    }
  }
}

TEST(JpegDecodeTest, RefusesWhatIsTooLarge) {
  std::string file = Jpeg(kSize, Gradient(3));
  const size_t frame = file.find("\xff\xc0");  // then length, precision, height, width
  file[frame + 5] = 0x40;
  file[frame + 6] = 0x01;
  EXPECT_THAT(std::string(Decode(file).status().message()),
              HasSubstr("a.jpg: JPEG of 16 x 16385 pixels, the limit is 16384 x 16384,"));
}

TEST(JpegDecodeTest, RefusesAScanThatComesTwice) {
  JpegKind kind;
  kind.progressive = true;
  const std::string whole = Jpeg(kSize, Gradient(3), kind);
  const size_t last = whole.rfind("\xff\xda");
  const std::string scan = whole.substr(last, whole.size() - 2 - last);
  const auto image = Decode(whole.substr(0, last) + scan + scan + "\xff\xd9");
  EXPECT_THAT(std::string(image.status().message()), HasSubstr("a.jpg: corrupt JPEG ("));
}

TEST(JpegDecodeTest, ReadsPastWhatMakesNoSenseInExif) {
  JpegKind kind;
  kind.components = 1;
  kind.orientation = 3;
  std::string file = Jpeg(kSize, Gradient(1), kind);
  const size_t exif = file.find("Exif");
  file[exif + 11] = 0x7f;  // the directory begins beyond the record
  EXPECT_THAT(Decode(file)->samples, Pointwise(IsAbout(), Gradient(1)));
}

}  // namespace
}  // namespace ganserve
