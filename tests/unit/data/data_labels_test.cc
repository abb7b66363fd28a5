#include <gmock/gmock.h>

#include "server/data/data_set.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/data/data_files.h"

namespace ganserve {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr PlanarShape kGrey{32, 32, 1};

std::string WriteAt(const TemporaryFolder& folder, const std::string& name, const std::string& bytes) {
  std::filesystem::create_directories(std::filesystem::path(folder.File(name)).parent_path());
  return folder.Write(name, bytes);
}

ImageSet Load(const std::string& path, DataPart part = DataPart::kTrain) {
  auto set = LoadDataSet(path, kGrey, part);
  EXPECT_TRUE(set.ok()) << set.status();
  return set.ok() ? *std::move(set) : ImageSet{};
}

// The first sample that is not padding tells images apart.
std::vector<int> Values(const ImageSet& set) {
  std::vector<int> values;
  for (size_t i = 0; i < set.count(); ++i) values.push_back(set.image(i)[16 * 32 + 16]);
  return values;
}

absl::Status Failure(const std::string& path, DataPart part = DataPart::kTrain) {
  const auto facts = InspectDataSet(path, part);
  EXPECT_FALSE(facts.ok());
  return facts.status();
}

MATCHER_P2(IsStatus, code, message, "") {
  return arg.code() == code && testing::ExplainMatchResult(message, std::string(arg.message()), result_listener);
}

constexpr auto kDataLoss = absl::StatusCode::kDataLoss;
constexpr auto kNotFound = absl::StatusCode::kNotFound;

TEST(DataLabelsTest, ComeFromTheFileBesideTheIdxImages) {
  TemporaryFolder folder;
  folder.Write("train-images-idx3-ubyte", Idx(3));
  folder.Write("train-labels-idx1-ubyte.gz", Gzip(IdxLabels({2, 0, 4})));
  const ImageSet set = Load(folder.path());
  EXPECT_THAT(set.labels, ElementsAre(2, 0, 4));
  EXPECT_EQ(set.classes, 5);
  EXPECT_THAT(set.class_names, IsEmpty());
}

TEST(DataLabelsTest, AreNoneWhenTheDataHasNone) {
  TemporaryFolder folder;
  folder.Write("train-images-idx3-ubyte", Idx(3));
  folder.Write("t10k-labels-idx1-ubyte", IdxLabels({1, 1}));
  const ImageSet set = Load(folder.path());
  EXPECT_EQ(set.count(), 3U);
  EXPECT_THAT(set.labels, IsEmpty());
  EXPECT_EQ(set.classes, 0);
}

TEST(DataLabelsTest, FollowTheOrderOfSeveralIdxFiles) {
  TemporaryFolder folder;
  folder.Write("b-images-idx3-ubyte", Idx(1));
  folder.Write("b-labels-idx1-ubyte", IdxLabels({1}));
  folder.Write("a-images-idx3-ubyte", Idx(2));
  folder.Write("a-labels-idx1-ubyte", IdxLabels({2, 3}));
  EXPECT_THAT(Load(folder.path()).labels, ElementsAre(2, 3, 1));
}

TEST(DataLabelsTest, AreRefusedWhenOnlySomeFilesHaveThem) {
  TemporaryFolder folder;
  folder.Write("a-images-idx3-ubyte", Idx(2));
  folder.Write("a-labels-idx1-ubyte", IdxLabels({2, 3}));
  const std::string path = folder.Write("b-images-idx3-ubyte", Idx(1));
  EXPECT_THAT(Failure(folder.path()), IsStatus(kDataLoss, AllOf(HasSubstr(path), HasSubstr("labels"))));
}

TEST(DataLabelsTest, OfIdxAreCheckedByMagicAndCount) {
  TemporaryFolder folder;
  folder.Write("train-images-idx3-ubyte", Idx(3));
  const auto failure = [&](const std::string& bytes) {
    folder.Write("train-labels-idx1-ubyte", bytes);
    return Failure(folder.path());
  };
  EXPECT_THAT(failure(Idx(3)), IsStatus(kDataLoss, HasSubstr("train-labels-idx1-ubyte: not an IDX label file: magic "
                                                             "0x00000803, must be 0x00000801, at byte offset 0")));
  EXPECT_THAT(
      failure(IdxLabels({1, 2})),
      IsStatus(kDataLoss, HasSubstr("train-labels-idx1-ubyte: number of labels is 2, must be that of the images, "
                                    "3, at byte offset 4")));
  EXPECT_THAT(failure(IdxLabels({1, 2, 3}) + "x"), IsStatus(kDataLoss, HasSubstr("ubyte: data beyond the end")));
}

TEST(DataLabelsTest, CutAnywhereNameTheirFileAndTheOffset) {
  TemporaryFolder folder;
  folder.Write("train-images-idx3-ubyte", Idx(3));
  const std::string whole = IdxLabels({1, 2, 0});
  for (size_t length = 0; length < whole.size(); ++length) {
    const std::string path = folder.Write("train-labels-idx1-ubyte", whole.substr(0, length));
    EXPECT_THAT(Failure(folder.path()),
                IsStatus(kDataLoss, AllOf(HasSubstr(path), HasSubstr("byte offset " + std::to_string(length)))))
        << length;
  }
}

TEST(DataLabelsTest, OfCifarAreTheRecordsFirstBytes) {
  TemporaryFolder folder;
  folder.Write("data_batch_1.bin", Cifar(1, 9) + Cifar(1, 3));
  folder.Write("data_batch_2.bin", Cifar(1, 0));
  const ImageSet set = Load(folder.path());
  EXPECT_THAT(set.labels, ElementsAre(9, 3, 0));
  EXPECT_EQ(set.classes, 10);
  EXPECT_THAT(set.class_names, IsEmpty());
}

TEST(DataLabelsTest, OfCifarAreAlwaysOfTenClasses) {
  TemporaryFolder folder;
  EXPECT_EQ(Load(folder.Write("data_batch_1.bin", Cifar(2, 3))).classes, 10);
}

TEST(DataLabelsTest, OfCifarHaveTheNamesOfItsMetaFile) {
  TemporaryFolder folder;
  folder.Write("data_batch_1.bin", Cifar(1, 9));
  folder.Write("batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n");
  EXPECT_THAT(Load(folder.path()).class_names, ElementsAre("a", "b", "c", "d", "e", "f", "g", "h", "i", "j"));
  const std::string path = folder.Write("batches.meta.txt", "a\nb\n");
  EXPECT_THAT(Failure(folder.path()), IsStatus(kDataLoss, HasSubstr(path + ": names 2 classes, must be 10")));
}

TEST(DataLabelsTest, AreTheSubFoldersInOrderOfName) {
  TemporaryFolder folder;
  WriteAt(folder, "cat/2.png", Png(32, 1, 12));
  WriteAt(folder, "cat/1.png", Png(32, 1, 11));
  WriteAt(folder, "ant/x.png", Png(32, 1, 10));
  WriteAt(folder, "notes/readme.txt", "no images, no class");
  WriteAt(folder, ".hidden/x.png", Png(32, 1, 99));
  const ImageSet set = Load(folder.path());
  EXPECT_THAT(Values(set), ElementsAre(10, 11, 12));
  EXPECT_THAT(set.labels, ElementsAre(0, 1, 1));
  EXPECT_THAT(set.class_names, ElementsAre("ant", "cat"));
  EXPECT_EQ(set.classes, 2);
}

TEST(DataLabelsTest, AreNotTakenFromSubFoldersBesideImages) {
  TemporaryFolder folder;
  WriteAt(folder, "cat/1.png", Png(32, 1, 11));
  folder.Write("x.png", Png(32, 1, 10));
  const ImageSet set = Load(folder.path());
  EXPECT_THAT(Values(set), ElementsAre(10));
  EXPECT_THAT(set.labels, IsEmpty());
}

TEST(DataPartsTest, OfIdxAreToldByName) {
  for (const std::string test : {"t10k-images-idx3-ubyte", "test-images-idx3-ubyte.gz"}) {
    TemporaryFolder folder;
    folder.Write("train-images-idx3-ubyte", Idx(2));
    folder.Write(test, Idx(1));
    EXPECT_EQ(Load(folder.path(), DataPart::kTrain).count(), 2U);
    EXPECT_EQ(Load(folder.path(), DataPart::kTest).count(), 1U);
  }
}

TEST(DataPartsTest, OfTestIdxHaveTheirOwnLabels) {
  TemporaryFolder folder;
  folder.Write("train-images-idx3-ubyte", Idx(2));
  folder.Write("train-labels-idx1-ubyte", IdxLabels({0, 1}));
  folder.Write("t10k-images-idx3-ubyte", Idx(1));
  folder.Write("t10k-labels-idx1-ubyte", IdxLabels({1}));
  EXPECT_THAT(Load(folder.path(), DataPart::kTest).labels, ElementsAre(1));
}

TEST(DataPartsTest, TrainingTakesNoTestFileWhileThereIsAnother) {
  TemporaryFolder folder;
  folder.Write("t10k-images-idx3-ubyte", Idx(1));
  folder.Write("my-images-idx3-ubyte", Idx(3));
  EXPECT_EQ(Load(folder.path()).count(), 3U);
  TemporaryFolder cifar;
  cifar.Write("test_batch.bin", Cifar(1, 0));
  cifar.Write("mine.bin", Cifar(2, 0));
  EXPECT_EQ(Load(cifar.path()).count(), 2U);
}

TEST(DataPartsTest, TrainingTakesAFolderOfATestPartAlone) {
  TemporaryFolder folder;
  folder.Write("t10k-images-idx3-ubyte", Idx(1));
  EXPECT_EQ(Load(folder.path(), DataPart::kTrain).count(), 1U);
  EXPECT_EQ(Load(folder.path(), DataPart::kTest).count(), 1U);
}

TEST(DataPartsTest, OfCifarAreToldByName) {
  TemporaryFolder folder;
  folder.Write("data_batch_1.bin", Cifar(3, 1));
  folder.Write("test_batch.bin", Cifar(2, 7));
  EXPECT_EQ(Load(folder.path(), DataPart::kTrain).count(), 3U);
  EXPECT_THAT(Load(folder.path(), DataPart::kTest).labels, ElementsAre(7, 7));
}

TEST(DataPartsTest, OfImagesAreSubFolders) {
  TemporaryFolder folder;
  WriteAt(folder, "train/1.png", Png(32, 1, 11));
  WriteAt(folder, "test/1.png", Png(32, 1, 12));
  EXPECT_THAT(Values(Load(folder.path(), DataPart::kTrain)), ElementsAre(11));
  EXPECT_THAT(Values(Load(folder.path(), DataPart::kTest)), ElementsAre(12));
}

TEST(DataPartsTest, TestIsNoClassOfTheTrainingPart) {
  TemporaryFolder folder;
  WriteAt(folder, "a/1.png", Png(32, 1, 11));
  WriteAt(folder, "test/1.png", Png(32, 1, 12));
  EXPECT_THAT(Load(folder.path()).class_names, ElementsAre("a"));
}

TEST(DataPartsTest, NumberTheirClassesAlike) {
  TemporaryFolder folder;
  for (const std::string name : {"ant", "bee", "cat"}) WriteAt(folder, "train/" + name + "/1.png", Png(32, 1, 1));
  WriteAt(folder, "test/cat/1.png", Png(32, 1, 12));
  const ImageSet test = Load(folder.path(), DataPart::kTest);
  EXPECT_THAT(test.labels, ElementsAre(2));
  EXPECT_EQ(test.classes, 3);
  EXPECT_THAT(test.class_names, ElementsAre("ant", "bee", "cat"));
}

TEST(DataPartsTest, RefuseATestClassThatTrainingHasNot) {
  TemporaryFolder folder;
  WriteAt(folder, "train/ant/1.png", Png(32, 1, 1));
  WriteAt(folder, "test/bee/1.png", Png(32, 1, 1));
  EXPECT_THAT(Failure(folder.path(), DataPart::kTest), IsStatus(kDataLoss, HasSubstr("test/bee: a class that the")));
}

TEST(DataPartsTest, SayWhenThereIsNoTestPart) {
  TemporaryFolder folder;
  const std::string file = folder.Write("train-images-idx3-ubyte", Idx(2));
  for (const std::string& path : {folder.path(), file}) {
    EXPECT_THAT(Failure(path, DataPart::kTest), IsStatus(kNotFound, HasSubstr(path + ": no test images found")));
  }
}

TEST(InspectDataSetTest, SaysWhatLoadingWouldGive) {
  TemporaryFolder folder;
  folder.Write("train-images-idx3-ubyte", Idx(3));
  folder.Write("train-labels-idx1-ubyte", IdxLabels({2, 0, 4}));
  const auto facts = InspectDataSet(folder.path());
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_EQ(facts->images, 3U);
  EXPECT_EQ(facts->classes, 5);
}

}  // namespace
}  // namespace ganserve
