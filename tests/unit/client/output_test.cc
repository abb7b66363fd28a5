// Pictures, grids and files of ganctl.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "client/ganctl/grid.h"
#include "client/ganctl/output_files.h"
#include "client/ganctl/pixels.h"
#include "client/ganctl/progress_bar.h"
#include "tests/support/temporary_folder.h"

namespace ganserve::ganctl {
namespace {

using testing::HasSubstr;

Pixels Filled(uint32_t width, uint32_t height, uint32_t channels, uint8_t value) {
  return {width, height, channels, std::vector<uint8_t>(size_t{width} * height * channels, value)};
}

TEST(LayOut, IsNearlySquareAndNeverTaller) {
  const uint32_t cases[][3] = {{1, 1, 1}, {2, 2, 1}, {3, 2, 2}, {5, 3, 2}, {64, 8, 8}, {65, 9, 8}, {16384, 128, 128}};
  for (const auto& [images, columns, rows] : cases) {
    EXPECT_EQ(LayOut(images, 0).columns, columns) << images;
    EXPECT_EQ(LayOut(images, 0).rows, rows) << images;
  }
}

TEST(LayOut, KeepsTheColumnsAskedFor) {
  EXPECT_EQ(LayOut(10, 4).columns, 4u);
  EXPECT_EQ(LayOut(10, 4).rows, 3u);
  EXPECT_EQ(LayOut(3, 100).columns, 3u);
  EXPECT_EQ(LayOut(3, 100).rows, 1u);
}

class GridChannels : public testing::TestWithParam<uint32_t> {};

TEST_P(GridChannels, PlacesImagesRowByRow) {
  const uint32_t channels = GetParam();
  Grid grid(LayOut(3, 2));
  for (uint8_t i = 1; i <= 3; ++i) ASSERT_TRUE(grid.Add(Filled(2, 3, channels, i)).ok());
  const Pixels& picture = grid.picture();
  ASSERT_EQ(picture.width, 4u);
  ASSERT_EQ(picture.height, 6u);
  for (uint32_t y = 0; y < 6; ++y) {
    for (uint32_t x = 0; x < 4 * channels; ++x) {
      const uint32_t cell = y / 3 * 2 + x / (2 * channels);
      EXPECT_EQ(picture.samples[y * 4 * channels + x], cell == 3 ? 0 : cell + 1) << x << "," << y;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Grid, GridChannels, testing::Values(1, 3));

TEST(Grid, RefusesImagesThatDoNotFit) {
  Grid grid(LayOut(2, 0));
  ASSERT_TRUE(grid.Add(Filled(2, 2, 3, 1)).ok());
  EXPECT_EQ(grid.Add(Filled(2, 2, 1, 1)).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(grid.Add(Filled(4, 4, 3, 1)).message(), "an image of 4x4x3 does not fit a grid of 2x2x3");
  ASSERT_TRUE(grid.Add(Filled(2, 2, 3, 1)).ok());
  EXPECT_EQ(grid.Add(Filled(2, 2, 3, 1)).code(), absl::StatusCode::kOutOfRange);
}

TEST(Grid, RefusesAPictureThatIsTooLarge) {
  Grid grid(LayOut(16384, 0));
  Pixels claims = Filled(1, 1, 3, 1);
  claims.width = claims.height = 8192;
  EXPECT_THAT(std::string(grid.Add(claims).message()), HasSubstr("128x128 images of 8192x8192"));
}

class PngChannels : public testing::TestWithParam<uint32_t> {};

TEST_P(PngChannels, SurvivesTheWayThroughPng) {
  Pixels pixels = Filled(5, 7, GetParam(), 0);
  for (size_t i = 0; i < pixels.samples.size(); ++i) pixels.samples[i] = static_cast<uint8_t>(i * 37);
  const absl::StatusOr<Pixels> back = DecodePng(EncodePng(pixels).value());
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->width, 5u);
  EXPECT_EQ(back->height, 7u);
  EXPECT_EQ(back->channels, GetParam());
  EXPECT_EQ(back->samples, pixels.samples);
}

INSTANTIATE_TEST_SUITE_P(Pixels, PngChannels, testing::Values(1, 3));

TEST(DecodePng, RefusesWhatIsNoPng) {
  EXPECT_THAT(std::string(DecodePng("not a png").status().message()), HasSubstr("an image of 9 bytes is no PNG"));
  const std::string png = EncodePng(Filled(16, 16, 3, 9)).value();
  EXPECT_EQ(DecodePng(png.substr(0, png.size() / 2)).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(FromRaw, RefusesTheWrongNumberOfBytes) {
  EXPECT_TRUE(FromRaw(std::string(12, 'x'), 2, 2, 3).ok());
  EXPECT_EQ(FromRaw("x", 2, 2, 3).status().message(), "a raw image of 2x2x3 came with 1 bytes");
  EXPECT_FALSE(FromRaw(std::string(8, 'x'), 2, 2, 2).ok());
}

TEST(ImageFileName, SortsByIndex) {
  EXPECT_EQ(ImageFileName(7, 42, "png"), "7-0000042.png");
  EXPECT_LT(ImageFileName(7, 9, "png"), ImageFileName(7, 10, "png"));
  EXPECT_EQ(ImageFileName(18446744073709551615u, 12345678901, "raw"), "18446744073709551615-12345678901.raw");
}

class OutputFiles : public testing::Test {
 protected:
  const TemporaryFolder temporary_folder_;
  const std::string& folder_ = temporary_folder_.path();
};

TEST_F(OutputFiles, ReplacesAFileAsAWhole) {
  const std::string path = folder_ + "/a";
  ASSERT_TRUE(WriteFile(path, "a long text").ok());
  ASSERT_TRUE(WriteFile(path, "short").ok());
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_EQ(text.str(), "short");
}

TEST_F(OutputFiles, SayWhichFileCannotBeWrittenAndWhy) {
  EXPECT_EQ(WriteFile(folder_ + "/no/a", "x").message(),
            "cannot write " + folder_ + "/no/a: No such file or directory");
  EXPECT_EQ(WriteFile("/dev/full", "x").message(), "cannot write /dev/full: No space left on device");
  EXPECT_TRUE(std::filesystem::exists("/dev/full"));
}

TEST_F(OutputFiles, CreatesFoldersOrSaysWhyNot) {
  EXPECT_TRUE(CreateFolder(folder_ + "/a/b/c").ok());
  EXPECT_TRUE(CreateFolder(folder_ + "/a/b/c").ok());
  ASSERT_TRUE(WriteFile(folder_ + "/file", "x").ok());
  EXPECT_THAT(std::string(CreateFolder(folder_ + "/file/d").message()), HasSubstr("cannot create the folder"));
}

TEST(ProgressLine, SaysHowFarAndHowLong) {
  EXPECT_EQ(ProgressLine(500, 1000, std::chrono::seconds(2), 79),
            "[===============               ] 500/1000 images, 2 s to go, 250 images/s");
  EXPECT_THAT(ProgressLine(1000, 1000, std::chrono::seconds(2), 79),
              testing::EndsWith("1000/1000 images, 500 images/s"));
  EXPECT_THAT(ProgressLine(0, 1000, std::chrono::seconds(0), 79), HasSubstr(" 0/1000 images, 0 images/s"));
}

TEST(WithBar, ShrinksWhereThereIsNoRoomAndThenGoesAway) {
  EXPECT_EQ(WithBar(0.5, 10, "abc", 79), "[=====     ] abc");
  EXPECT_EQ(WithBar(0.5, 10, "abc", 12), "[===   ] abc");
  EXPECT_EQ(WithBar(0.5, 10, "abc", 10), "[==  ] abc");
  EXPECT_EQ(WithBar(0.5, 10, "abc", 9), "abc");
  EXPECT_EQ(WithBar(0.5, 10, "abc", 0), "abc");
}

}  // namespace
}  // namespace ganserve::ganctl
