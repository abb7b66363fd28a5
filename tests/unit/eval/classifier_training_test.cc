#include "server/eval/classifier_training.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/eval/feature_extractor.h"
#include "server/eval/torch_threads.h"
#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

using testing::HasSubstr;

constexpr PlanarShape kShape{kClassifierImageSide, kClassifierImageSide, 1};

// Classes by brightness: upper half bright, lower half bright.
ImageSet Halves(size_t count) {
  ImageSet set{kShape, {}, {}, 2, {}};
  for (size_t i = 0; i < count; ++i) {
    const int label = static_cast<int>(i % 2);
    for (size_t pixel = 0; pixel < kShape.samples(); ++pixel) {
      const bool upper = pixel < kShape.samples() / 2;
      set.samples.push_back(static_cast<uint8_t>((upper == (label == 0) ? 150 : 50) + (i * 37 + pixel * 11) % 50));
    }
    set.labels.push_back(label);
  }
  return set;
}

ClassifierOptions Short() { return {.epochs = 2, .seed = 3, .batch_size = 8}; }

absl::StatusOr<double> TrainHalves(const std::string& path, const ClassifierOptions& options = Short()) {
  UseTorchThreads(1);
  return TrainClassifier(Halves(64), Halves(20), options, path, [](const ClassifierProgress&) {});
}

TEST(TrainClassifier, LearnsClassesAndWritesAnExtractorThatKnowsThem) {
  const TemporaryFolder folder;
  const std::string path = folder.File("extractor.pt");
  const auto accuracy = TrainHalves(path);
  ASSERT_TRUE(accuracy.ok()) << accuracy.status();
  EXPECT_GT(*accuracy, 0.9);
  const auto extractor = FeatureExtractor::Load(*FindExtractor(path), kShape);
  ASSERT_TRUE(extractor.ok()) << extractor.status();
  Features features;
  Features logits;
  const ImageSet images = Halves(20);
  ASSERT_TRUE((*extractor)->Append(images.samples, &features, &logits).ok());
  EXPECT_EQ(features.dims, 128);
  int right = 0;
  for (size_t i = 0; i < 20; ++i) right += (logits.row(i)[1] > logits.row(i)[0]) == (images.labels[i] == 1) ? 1 : 0;
  EXPECT_NEAR(right / 20.0, *accuracy, 0.051);
}

TEST(TrainClassifier, WritesTheSameFileForTheSameSeed) {
  const TemporaryFolder folder;
  ASSERT_TRUE(TrainHalves(folder.File("first.pt")).ok());
  ASSERT_TRUE(TrainHalves(folder.File("second.pt")).ok());
  ClassifierOptions other = Short();
  other.seed = 4;
  ASSERT_TRUE(TrainHalves(folder.File("third.pt"), other).ok());
  const auto features = [&](const std::string& name) {
    const auto extractor = FeatureExtractor::Load(*FindExtractor(folder.File(name)), kShape);
    Features rows;
    Features logits;
    EXPECT_TRUE((*extractor)->Append(Halves(2).samples, &rows, &logits).ok());
    return rows.values;
  };
  EXPECT_EQ(features("first.pt"), features("second.pt"));
  EXPECT_NE(features("first.pt"), features("third.pt"));
}

TEST(TrainClassifier, TellsOfEachEpoch) {
  const TemporaryFolder folder;
  std::vector<int> epochs;
  ASSERT_TRUE(TrainClassifier(Halves(16), Halves(4), Short(), folder.File("extractor.pt"),
                              [&](const ClassifierProgress& progress) { epochs.push_back(progress.epoch); })
                  .ok());
  EXPECT_EQ(epochs, (std::vector<int>{1, 2}));
}

TEST(TrainClassifier, SaysWhatIsWrongWithTheData) {
  const TemporaryFolder folder;
  const auto fault = [&](const ImageSet& train, const ImageSet& test) {
    const auto result =
        TrainClassifier(train, test, Short(), folder.File("extractor.pt"), [](const ClassifierProgress&) {});
    EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(result.status().message());
  };
  ImageSet unlabelled = Halves(16);
  unlabelled.labels.clear();
  EXPECT_EQ(fault(unlabelled, Halves(4)), "the training images have no labels");
  EXPECT_EQ(fault(Halves(16), unlabelled), "the test images have no labels");
  ImageSet other_classes = Halves(4);
  other_classes.classes = 3;
  EXPECT_THAT(fault(Halves(16), other_classes), HasSubstr("have 2 classes and the test images 3"));
  EXPECT_THAT(fault(Halves(6), Halves(4)), HasSubstr("6 training images are less than a batch, which has 8"));
  ImageSet colour = Halves(16);
  colour.shape = {16, 16, 3};
  EXPECT_THAT(fault(colour, Halves(4)), HasSubstr("16x16x3; the classifier takes 32x32x1"));
}

TEST(TrainClassifier, MakesAStatusOfWhatTorchThrows) {
  const TemporaryFolder folder;
  ImageSet mislabelled = Halves(16);
  mislabelled.labels[3] = 7;  // of two classes
  const auto result =
      TrainClassifier(mislabelled, Halves(4), Short(), folder.File("extractor.pt"), [](const ClassifierProgress&) {});
  EXPECT_EQ(result.status().code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(result.status().message()), HasSubstr("training the classifier failed: Target 7 is out of"));
}

TEST(TrainClassifier, SaysWhereItCannotWrite) {
  const auto result = TrainHalves("/proc/none/extractor.pt");
  EXPECT_THAT(std::string(result.status().message()), HasSubstr("/proc/none/extractor.pt"));
}

}  // namespace
}  // namespace ganserve
