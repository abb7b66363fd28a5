#include "server/data/data_set.h"

#include <gmock/gmock.h>

#include <cerrno>
#include <filesystem>

#include "server/data/png_io.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/data/data_files.h"
#include "tests/unit/data/jpeg_files.h"

namespace ganserve {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr PlanarShape kGrey{32, 32, 1};
constexpr PlanarShape kRgb{32, 32, 3};

std::string Failure(const std::string& path, const PlanarShape& wanted = kGrey) {
  const auto set = LoadDataSet(path, wanted);
  EXPECT_FALSE(set.ok());
  return std::string(set.status().message());
}

TEST(DataSetTest, ReadsIdxPadded) {
  TemporaryFolder folder;
  folder.Write("train-images-idx3-ubyte", Idx(3));
  const auto set = LoadDataSet(folder.path(), kGrey);
  ASSERT_TRUE(set.ok()) << set.status();
  ASSERT_EQ(set->count(), 3U);
  EXPECT_EQ(set->image(0)[0], 0);
  EXPECT_EQ(set->image(0)[16 * 32 + 16], 10);
  EXPECT_EQ(set->image(2)[16 * 32 + 16], 30);
}

TEST(DataSetTest, ReadsGzippedIdxLikePlain) {
  TemporaryFolder folder;
  const auto plain = LoadDataSet(folder.Write("a-images-idx3-ubyte", Idx(2)), kRgb);
  const auto zipped = LoadDataSet(folder.Write("b-images-idx3-ubyte.gz", Gzip(Idx(2))), kRgb);
  ASSERT_TRUE(plain.ok()) << plain.status();
  ASSERT_TRUE(zipped.ok()) << zipped.status();
  EXPECT_EQ(plain->samples, zipped->samples);
}

// Their readers don't unzip.
TEST(DataSetTest, GzippedImagesAndFontsAreNoData) {
  TemporaryFolder folder;
  folder.Write("a.png.gz", Gzip(Png(32, 1, 7)));
  folder.Write("b.ttf.gz", Gzip("font"));
  EXPECT_EQ(LoadDataSet(folder.path(), kGrey).status().code(), absl::StatusCode::kNotFound);
  folder.Write("c.png", Png(32, 1, 7));
  EXPECT_EQ(LoadDataSet(folder.path(), kGrey)->count(), 1U);
}

// A process cannot read its own memory at address 0, so this is a regular file whose reading fails with EIO.
TEST(DataSetTest, AFileThatCannotBeReadIsNotCalledCorrupt) {
  TemporaryFolder folder;
  std::filesystem::create_symlink("/proc/self/mem", folder.File("train-images-idx3-ubyte"));
  const absl::Status status = LoadDataSet(folder.path(), kGrey).status();
  EXPECT_EQ(status, absl::ErrnoToStatus(EIO, folder.File("train-images-idx3-ubyte") + ": cannot read"));
}

TEST(DataSetTest, PrefersTheTrainingPart) {
  TemporaryFolder folder;
  folder.Write("t10k-images-idx3-ubyte", Idx(1));
  folder.Write("train-images-idx3-ubyte", Idx(2));
  EXPECT_EQ(LoadDataSet(folder.path(), kGrey)->count(), 2U);
  std::filesystem::remove(folder.File("train-images-idx3-ubyte"));
  EXPECT_EQ(LoadDataSet(folder.path(), kGrey)->count(), 1U);
}

TEST(DataSetTest, ReadsCifarPlanarAndAsGrey) {
  TemporaryFolder folder;
  folder.Write("data_batch_1.bin", Cifar(2, 9));
  folder.Write("data_batch_2.bin", Cifar(1, 0));
  folder.Write("test_batch.bin", Cifar(4, 0));
  const auto set = LoadDataSet(folder.path(), kRgb);
  ASSERT_TRUE(set.ok()) << set.status();
  ASSERT_EQ(set->count(), 3U);
  EXPECT_EQ(set->image(2)[0], 1);
  EXPECT_EQ(set->image(2)[1024], 2);
  EXPECT_EQ(set->image(2)[3071], 3);
  EXPECT_THAT(LoadDataSet(folder.path(), kGrey)->samples, Each(2));
}

TEST(DataSetTest, ReadsPngsOfAnySizeInOrderOfName) {
  TemporaryFolder folder;
  folder.Write("b.png", Png(100, 3, 200));
  folder.Write("a.png", Png(32, 1, 100));
  folder.Write("notes.txt", "not an image");
  const auto set = LoadDataSet(folder.path(), kRgb);
  ASSERT_TRUE(set.ok()) << set.status();
  ASSERT_EQ(set->count(), 2U);
  EXPECT_THAT(set->image(0), Each(100));
  EXPECT_THAT(set->image(1), Each(200));
}

TEST(DataSetTest, ReadsAMixtureOfPngsAndJpegsWhateverTheCaseOfTheirNames) {
  TemporaryFolder folder;
  folder.Write("a.JPG", Jpeg(40, std::vector<uint8_t>(40 * 40 * 3, 50)));
  folder.Write("b.Jpeg", Png(20, 3, 60));  // by its bytes, whatever its name says
  folder.Write("c.PNG", Png(50, 1, 70));
  const auto set = LoadDataSet(folder.path(), kRgb);
  ASSERT_TRUE(set.ok()) << set.status();
  ASSERT_EQ(set->count(), 3U);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(set->image(i)[32 * 16 + 16], 50 + 10 * i);
}

TEST(DataSetTest, NamesAnImageThatIsEmpty) {
  TemporaryFolder folder;
  folder.Write("a.jpg", Jpeg(40, std::vector<uint8_t>(40 * 40 * 3, 50)));
  const std::string path = folder.Write("b.jpg", "");
  EXPECT_THAT(Failure(folder.path()), HasSubstr(path + ": empty file"));
}

TEST(DataSetTest, NamesACorruptJpeg) {
  TemporaryFolder folder;
  const std::string path = folder.Write("b.jpg", Jpeg(40, std::vector<uint8_t>(40 * 40 * 3, 50)).substr(0, 400));
  EXPECT_THAT(Failure(folder.path()), AllOf(HasSubstr(path + ": corrupt JPEG ("), HasSubstr("at byte offset")));
}

TEST(DataSetTest, NamesAPngCutAnywhere) {
  TemporaryFolder folder;
  const std::string png = Png(8, 3, 7);
  for (size_t length = 0; length < png.size(); ++length) {
    const std::string path = folder.Write(std::to_string(length) + ".png", png.substr(0, length));
    EXPECT_THAT(Failure(path), AllOf(HasSubstr(path + ": "), HasSubstr("byte offset"))) << length;
  }
}

TEST(DataSetTest, KeepsTheColoursOfAPng) {
  TemporaryFolder folder;
  std::vector<uint8_t> samples;
  for (const uint8_t value : std::initializer_list<uint8_t>{10, 20, 30}) samples.insert(samples.end(), 32 * 32, value);
  folder.Write("a.png", EncodePng(kRgb, samples).value());
  EXPECT_EQ(LoadDataSet(folder.path(), kRgb)->samples, samples);
}

TEST(DataSetTest, NamesTheFileAndOffsetOfATruncatedIdx) {
  TemporaryFolder folder;
  const std::string path = folder.Write("train-images-idx3-ubyte", Idx(3).substr(0, 16 + 784 + 100));
  EXPECT_THAT(Failure(folder.path()), AllOf(HasSubstr(path), HasSubstr("truncated"), HasSubstr("byte offset 900")));
}

TEST(DataSetTest, NamesTheFileAndOffsetOfATruncatedHeader) {
  TemporaryFolder folder;
  const std::string path = folder.Write("train-images-idx3-ubyte", Idx(3).substr(0, 10));
  EXPECT_THAT(Failure(path), AllOf(HasSubstr(path), HasSubstr("truncated"), HasSubstr("byte offset 10")));
}

TEST(DataSetTest, RefusesAForeignMagic) {
  TemporaryFolder folder;
  const std::string path = folder.Write("train-images-idx3-ubyte", BigEndian(0x801) + std::string(100, 0));
  EXPECT_THAT(Failure(path),
              AllOf(HasSubstr(path), HasSubstr("magic 0x00000801, must be 0x00000803, at byte offset 0")));
}

TEST(DataSetTest, RefusesDimensionsOutOfRange) {
  TemporaryFolder folder;
  const auto header = [](uint32_t images, uint32_t rows) {
    return BigEndian(0x803) + BigEndian(images) + BigEndian(rows) + BigEndian(28);
  };
  const auto message = [&](const std::string& bytes) { return Failure(folder.Write("x-images-idx3-ubyte", bytes)); };
  EXPECT_THAT(message(header(0, 28)), HasSubstr("number of images is 0, must be 1 to 16777216, at byte offset 4"));
  EXPECT_THAT(message(header(1, 70000)), HasSubstr("number of rows is 70000, must be 1 to 4096, at byte offset 8"));
}

TEST(DataSetTest, RefusesBytesBeyondTheLastImage) {
  TemporaryFolder folder;
  EXPECT_THAT(Failure(folder.Write("x-images-idx3-ubyte", Idx(1) + "x")), HasSubstr("at byte offset 800"));
}

TEST(DataSetTest, RefusesATruncatedGzip) {
  TemporaryFolder folder;
  const std::string zipped = Gzip(Idx(3));
  const std::string path = folder.Write("x-images-idx3-ubyte.gz", zipped.substr(0, zipped.size() - 12));
  EXPECT_THAT(Failure(path), AllOf(HasSubstr(path), HasSubstr("gzip"), HasSubstr("byte offset")));
}

TEST(DataSetTest, RefusesAGzipWhoseChecksumFails) {
  TemporaryFolder folder;
  std::string zipped = Gzip(Idx(3));
  zipped[zipped.size() - 6] ^= 1;
  const std::string path = folder.Write("x-images-idx3-ubyte.gz", zipped);
  EXPECT_THAT(Failure(path),
              AllOf(HasSubstr(path), HasSubstr("gzip"),
                    HasSubstr("incorrect data check, at byte offset " + std::to_string(zipped.size() - 4))));
}

TEST(DataSetTest, RefusesATruncatedCifarRecord) {
  TemporaryFolder folder;
  const std::string path = folder.Write("data_batch_1.bin", Cifar(2, 0).substr(0, 5000));
  EXPECT_THAT(Failure(path), AllOf(HasSubstr(path), HasSubstr("truncated"), HasSubstr("byte offset 5000")));
}

TEST(DataSetTest, RefusesACifarLabelOutOfRange) {
  TemporaryFolder folder;
  const std::string path = folder.Write("data_batch_1.bin", Cifar(1, 0) + Cifar(1, 10));
  EXPECT_THAT(Failure(path), AllOf(HasSubstr("label is 10, must be 0 to 9"), HasSubstr("byte offset 3073")));
}

TEST(DataSetTest, RefusesAnEmptyCifarFile) {
  TemporaryFolder folder;
  EXPECT_THAT(Failure(folder.Write("data_batch_1.bin", "")), AllOf(HasSubstr("truncated"), HasSubstr("byte offset 0")));
}

TEST(DataSetTest, RefusesCorruptPngsWithTheOffset) {
  TemporaryFolder folder;
  const std::string png = Png(32, 3, 7);
  const auto message = [&](const std::string& bytes) { return Failure(folder.Write("a.png", bytes)); };
  EXPECT_THAT(message("GIF89a..............."),
              AllOf(HasSubstr("a.png: neither a PNG nor a JPEG"), HasSubstr("byte offset 0")));
  EXPECT_THAT(message(png.substr(0, png.size() - 5)), AllOf(HasSubstr("truncated"), HasSubstr("byte offset")));
  std::string flipped = png;
  flipped[17] ^= 1;  // in IHDR, which starts at byte 8
  EXPECT_THAT(message(flipped), AllOf(HasSubstr("a.png"), HasSubstr("wrong chunk checksum at byte offset 8")));
}

TEST(DataSetTest, SaysWhatItLookedForInAFolderWithoutImages) {
  TemporaryFolder folder;
  folder.Write("readme.txt", "nothing");
  const auto set = LoadDataSet(folder.path(), kGrey);
  EXPECT_EQ(set.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(set.status().message(), AllOf(HasSubstr(folder.path()), HasSubstr("*.png")));
}

TEST(DataSetTest, SaysThatAPathDoesNotExist) {
  EXPECT_THAT(Failure("/nonexistent/data"), HasSubstr("/nonexistent/data: no such file or folder"));
}

}  // namespace
}  // namespace ganserve
