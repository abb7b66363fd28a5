#include <gmock/gmock.h>

#include "server/data/data_formats.h"
#include "server/data/data_set.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/data/data_files.h"
#include "tests/unit/data/font_files.h"

namespace ganserve {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Glyph kRed{20, 20, {255, 0, 0, 255}};
const Glyph kBlue{20, 20, {0, 0, 255, 255}};
const Glyph kNone{};

std::vector<PlanarImage> Read(const std::string& font) {
  TemporaryFolder folder;
  std::vector<PlanarImage> images;
  const absl::Status status = ReadFontImages(
      folder.Write("x.ttf", font), [&](std::span<const uint8_t> samples, const PlanarShape& shape, int32_t label) {
        images.push_back({shape, {samples.begin(), samples.end()}});
        EXPECT_EQ(label, kNoLabel);
      });
  EXPECT_TRUE(status.ok()) << status;
  return images;
}

absl::Status Failure(const std::string& path) {
  return ReadFontImages(path, [](std::span<const uint8_t>, const PlanarShape&, int32_t) {});
}

std::vector<int> Pixel(const PlanarImage& image, int x, int y) {
  std::vector<int> pixel;
  for (int c = 0; c < 3; ++c) {
    pixel.push_back(image.samples[static_cast<size_t>((c * image.shape.height + y) * image.shape.width + x)]);
  }
  return pixel;
}

TEST(FontImagesTest, GivesEachColourGlyphInOrder) {
  const auto images = Read(ColorFont({kRed, kNone, kBlue}));
  ASSERT_EQ(images.size(), 2U);
  EXPECT_EQ(images[0].shape, (PlanarShape{20, 20, 3}));
  EXPECT_THAT(Pixel(images[0], 3, 4), ElementsAre(255, 0, 0));
  EXPECT_THAT(Pixel(images[1], 3, 4), ElementsAre(0, 0, 255));
}

TEST(FontImagesTest, LaysWhatIsTransparentOverWhite) {
  const auto images = Read(ColorFont({{20, 20, {200, 100, 0, 102}}}));  // 40 % of it, and 60 % white
  ASSERT_EQ(images.size(), 1U);
  const std::vector<int> pixel = Pixel(images[0], 10, 10);
  EXPECT_NEAR(pixel[0], 0.4 * 200 + 0.6 * 255, 1);
  EXPECT_NEAR(pixel[1], 0.4 * 100 + 0.6 * 255, 1);
  EXPECT_NEAR(pixel[2], 0.6 * 255, 1);
}

TEST(FontImagesTest, CentresABitmapInASquareOfWhite) {
  const auto images = Read(ColorFont({{20, 10, {0, 0, 0, 255}}, {10, 20, {0, 0, 0, 255}}}));
  ASSERT_EQ(images.size(), 2U);
  for (int i = 0; i < 20; ++i) {
    const int expected = i >= 5 && i < 15 ? 0 : 255;
    EXPECT_EQ(Pixel(images[0], 0, i)[0], expected) << i;
    EXPECT_EQ(Pixel(images[1], i, 0)[0], expected) << i;
  }
}

TEST(FontImagesTest, LeavesOutBlankGlyphsAndDuplicates) {
  const Glyph clear{20, 20, {10, 20, 30, 0}};
  EXPECT_EQ(Read(ColorFont({kRed, clear, kBlue, kRed})).size(), 2U);
}

TEST(FontImagesTest, FindsNoneInAFontWithoutColour) { EXPECT_THAT(Read(Sfnt({{"glyf", "x"}})), IsEmpty()); }

TEST(FontImagesTest, CutAnywhereNamesTheFileAndAByteOffset) {
  TemporaryFolder folder;
  const std::string whole = ColorFont({kRed, kBlue});
  for (size_t length = 0; length < whole.size() - 3; ++length) {  // up to 3 bytes at the end are filling
    const std::string path = folder.Write(std::to_string(length) + ".ttf", whole.substr(0, length));
    const absl::Status status = Failure(path);
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << length;
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr(path + ": "), HasSubstr("byte offset"))) << length;
  }
}

TEST(FontImagesTest, NoticesAnyFlippedByteThatMatters) {
  TemporaryFolder folder;
  const std::string whole = ColorFont({kRed, kBlue});
  size_t unnoticed = 0;
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x5a);
    const std::string path = folder.Write(std::to_string(at) + ".ttf", flipped);
    const absl::Status status = Failure(path);
    if (status.ok()) {
      ++unnoticed;
    } else {
      EXPECT_THAT(std::string(status.message()), HasSubstr(path + ": ")) << at;
    }
  }
  // What speeds up a search for tables, the file's own checksum, filling after five tables; a name other than CBDT,
  // which makes it a font without colour.
  EXPECT_LE(unnoticed, 6U + 4 + 5 * 3 + 4);
}

// With right checksums, as a tool that writes fonts wrongly would leave it.
TEST(FontImagesTest, NamesTheFileWhoseGlyphIsNoPng) {
  TemporaryFolder folder;
  std::string font = ColorFont({kRed, kBlue});
  const size_t png = font.rfind("\x89PNG");
  std::swap(font[png + 1], font[png + 5]);  // two of the table's numbers at the same place: the sum is the same
  const absl::Status status = Failure(folder.Write("x.ttf", font));
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("x.ttf: corrupt font: glyph 1")));
}

TEST(FontImagesTest, ReadsTheFontOfAFolderThatHasColour) {
  TemporaryFolder folder;
  folder.Write("a.ttf", Sfnt({{"glyf", "x"}}));
  folder.Write("b.TTF", ColorFont({kRed, kBlue}));
  EXPECT_EQ(LoadDataSet(folder.path(), {32, 32, 3})->count(), 2U);
}

TEST(FontImagesTest, SaysThatAFontHasNoPictures) {
  TemporaryFolder folder;
  const auto set = LoadDataSet(folder.Write("a.ttf", Sfnt({{"glyf", "x"}})), {32, 32, 3});
  EXPECT_EQ(set.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(set.status().message()), AllOf(HasSubstr("a.ttf"), HasSubstr("*.ttf with colour bitmaps")));
}

// Debian's fonts-noto-color-emoji, which scripts/setup installs.
TEST(FontImagesTest, ReadsThousandsOfEmoji) {
  const auto facts = InspectDataSet("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf");
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_GT(facts->images, 3500U);
  EXPECT_EQ(facts->classes, 0);
}

}  // namespace
}  // namespace ganserve
