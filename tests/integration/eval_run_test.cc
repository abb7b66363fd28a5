// ganserve-eval as a process, on small models and data that are made here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdio.h>
#include <sys/wait.h>

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/script_model.h"
#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using Json = nlohmann::json;

constexpr int kSide = 8;
constexpr int kClasses = 3;

struct Outcome {
  int code = -1;
  std::string output;  // both streams
};

Outcome RunEval(const std::string& arguments) {
  Outcome outcome;
  FILE* pipe = ::popen(absl::StrCat(EVAL_PATH " ", arguments, " 2>&1").c_str(), "r");
  if (pipe == nullptr) return outcome;
  char bytes[4096];
  for (size_t count = 0; (count = ::fread(bytes, 1, sizeof(bytes), pipe)) > 0;) outcome.output.append(bytes, count);
  const int status = ::pclose(pipe);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

std::string BigEndian(uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(value >> shift & 0xff));
  return bytes;
}

// Images of kSide x kSide whose brightness goes with their class.
std::string IdxImages(uint32_t count) {
  std::string file = BigEndian(0x803) + BigEndian(count) + BigEndian(kSide) + BigEndian(kSide);
  for (uint32_t i = 0; i < count; ++i) {
    for (uint32_t pixel = 0; pixel < kSide * kSide; ++pixel) {
      file.push_back(static_cast<char>(i % kClasses * 80 + (i * 7 + pixel * 31) % 80));
    }
  }
  return file;
}

std::string IdxLabels(uint32_t count) {
  std::string file = BigEndian(0x801) + BigEndian(count);
  for (uint32_t i = 0; i < count; ++i) file.push_back(static_cast<char>(i % kClasses));
  return file;
}

class EvalRunTest : public testing::Test {
 protected:
  EvalRunTest() {
    std::filesystem::create_directories(data());
    folder_.Write("data/train-images-idx3-ubyte", IdxImages(150));
    folder_.Write("data/train-labels-idx1-ubyte", IdxLabels(150));
    folder_.Write("data/t10k-images-idx3-ubyte", IdxImages(30));
    folder_.Write("data/t10k-labels-idx1-ubyte", IdxLabels(30));
    folder_.Write("plain.pt", SmallDcgan(1));
  }

  std::string data() const { return folder_.File("data"); }
  std::string Evaluate(const std::string& more) const {
    return absl::StrCat("--model ", folder_.File("plain.pt"), " --data ", data(), " --samples 40 --threads 1 ", more);
  }

  const TemporaryFolder folder_;
};

TEST_F(EvalRunTest, PrintsEveryMeasureBesideTheFloor) {
  const Outcome outcome = RunEval(Evaluate(""));
  ASSERT_EQ(outcome.code, 0) << outcome.output;
  for (const char* name :
       {"FID", "KID", "precision", "recall", "Inception-style score", "class divergence", "sliced Wasserstein",
        "150 training images are the reference", "samples    40; floor: 30 images of the data's test part"}) {
    EXPECT_THAT(outcome.output, HasSubstr(name));
  }
}

TEST_F(EvalRunTest, PrintsTheSameAsJsonEveryTime) {
  const Outcome first = RunEval(Evaluate("--json"));
  ASSERT_EQ(first.code, 0) << first.output;
  EXPECT_EQ(RunEval(Evaluate("--json")).output, first.output);
  const Json json = Json::parse(first.output);
  EXPECT_EQ(json["quality"]["samples"], 40);
  EXPECT_EQ(json["floor"]["samples"], 30);
  EXPECT_EQ(json["floor"]["part"], "test");
  EXPECT_GT(json["quality"]["fid"], json["floor"]["fid"]);
  EXPECT_LE(json["quality"]["fid_interval"][0], json["quality"]["fid"]);
  EXPECT_EQ(json["quality"]["class_shares"].size(), 10);
  EXPECT_EQ(json["extractor"]["features"], 128);
}

TEST_F(EvalRunTest, HoldsOutTrainingImagesWhereThereIsNoTestPart) {
  std::filesystem::remove(folder_.File("data/t10k-images-idx3-ubyte"));
  const Outcome outcome = RunEval(Evaluate("--json"));
  ASSERT_EQ(outcome.code, 0) << outcome.output;
  const Json json = Json::parse(outcome.output);
  EXPECT_EQ(json["floor"]["part"], "train");
  EXPECT_EQ(json["floor"]["samples"], 40);
  EXPECT_EQ(json["quality"]["reference_images"], 110);
}

TEST_F(EvalRunTest, MeasuresPixelsWithoutAnExtractor) {
  const Outcome outcome = RunEval(Evaluate("--extractor none --json"));
  ASSERT_EQ(outcome.code, 0) << outcome.output;
  const Json json = Json::parse(outcome.output);
  EXPECT_TRUE(json["extractor"].is_null());
  EXPECT_FALSE(json["quality"].contains("fid"));
  EXPECT_GT(json["quality"]["sliced_wasserstein"], json["floor"]["sliced_wasserstein"]);
}

TEST_F(EvalRunTest, MeasuresOneClassOfAConditionalModel) {
  folder_.Write("conditional.pt", SmallConditional());
  folder_.Write("model.json", R"({"format": 1, "latent_size": 4, "classes": 3})");
  const std::string arguments = absl::StrCat("--model ", folder_.File("conditional.pt"), " --data ", data(),
                                             " --samples 20 --extractor none --json --label ");
  const Outcome outcome = RunEval(arguments + "2");
  ASSERT_EQ(outcome.code, 0) << outcome.output;
  EXPECT_EQ(Json::parse(outcome.output)["quality"]["reference_images"], 50);
  const Outcome beyond = RunEval(arguments + "3");
  EXPECT_EQ(beyond.code, 4);
  EXPECT_THAT(beyond.output, HasSubstr("has the classes 0 to 2"));
}

TEST_F(EvalRunTest, TakesTheVersionOnDutyOfARepositorysModel) {
  std::filesystem::create_directories(folder_.File("models/plain/3"));
  folder_.Write("models/plain/3/model.pt", SmallDcgan(1));
  const Outcome outcome = RunEval(
      absl::StrCat("--model ", folder_.File("models/plain"), " --data ", data(), " --samples 10 --extractor none"));
  ASSERT_EQ(outcome.code, 0) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("model      plain, version 3: 8x8, 1 channel"));
}

TEST_F(EvalRunTest, SaysWhetherAModelIsWorseThanAnother) {
  const Outcome equal = RunEval(Evaluate(absl::StrCat("--extractor none --against ", folder_.File("plain.pt"))));
  EXPECT_EQ(equal.code, 0) << equal.output;
  EXPECT_THAT(equal.output, AllOf(HasSubstr("against    "), HasSubstr("The model is not worse.")));
  folder_.Write("black.pt", ScriptModel("def forward(self, z: Tensor) -> Tensor:\n"
                                        "    return torch.full([z.size(0), 1, 8, 8], -1.0)\n"));
  const Outcome worse =
      RunEval(absl::StrCat("--model ", folder_.File("black.pt"), " --data ", data(),
                           " --samples 40 --threads 1 --extractor none --against ", folder_.File("plain.pt")));
  EXPECT_EQ(worse.code, 8) << worse.output;
  EXPECT_THAT(worse.output, AllOf(HasSubstr("worse than"), HasSubstr("sliced Wasserstein distance")));
}

TEST_F(EvalRunTest, TakesPathsThatAreNotUtf8) {
  const std::string renamed = folder_.File("d\xe4ta");
  std::filesystem::rename(data(), renamed);
  const Outcome outcome = RunEval(absl::StrCat("--model ", folder_.File("plain.pt"), " --data ", renamed,
                                               " --samples 10 --threads 1 --extractor none --json"));
  ASSERT_EQ(outcome.code, 0) << outcome.output;
  EXPECT_THAT(std::string(Json::parse(outcome.output)["data"]), HasSubstr("d\xef\xbf\xbdta"));  // U+FFFD
}

TEST_F(EvalRunTest, NamesWhatIsMissingOrBroken) {
  const auto fault = [&](const std::string& arguments, int code) {
    const Outcome outcome = RunEval(arguments);
    EXPECT_EQ(outcome.code, code) << outcome.output;
    return outcome.output;
  };
  EXPECT_THAT(fault("", 2), HasSubstr("--data is required"));
  EXPECT_THAT(fault(Evaluate("--samples 3"), 2), HasSubstr("--samples"));
  EXPECT_THAT(fault(Evaluate("--label 0"), 4), HasSubstr("has no classes"));
  EXPECT_THAT(fault(Evaluate("--extractor none.pt"), 4), HasSubstr("none.pt"));
  EXPECT_THAT(fault(Evaluate(absl::StrCat("--extractor ", folder_.Write("text.pt", "text"))), 4),
              AllOf(HasSubstr("text.pt"), HasSubstr("not a usable TorchScript file")));
  EXPECT_THAT(fault("--model none.pt --data " + data(), 4), HasSubstr("none.pt"));
  EXPECT_THAT(fault(absl::StrCat("--model ", data(), " --data ", data()), 4), HasSubstr("neither a model.pt"));
  EXPECT_THAT(fault(absl::StrCat("--model ", folder_.File("plain.pt"), " --data ", folder_.File("none")), 4),
              HasSubstr("none: no such file or folder"));
}

TEST_F(EvalRunTest, TrainsAClassifierThatItThenMeasuresWith) {
  const std::string train =
      absl::StrCat("train-classifier --data ", data(), " --out ", folder_.File("own"), " --epochs 1");
  EXPECT_EQ(RunEval(train + " --class-names dark,bright").code, 4);
  const Outcome trained = RunEval(train + " --class-names dark,middle,bright");
  ASSERT_EQ(trained.code, 0) << trained.output;
  EXPECT_THAT(trained.output, HasSubstr("epoch 1/1"));
  const Outcome outcome = RunEval(Evaluate("--extractor " + folder_.File("own")));
  ASSERT_EQ(outcome.code, 0) << outcome.output;
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("128 features, 3 classes"), HasSubstr("middle")));
  EXPECT_EQ(RunEval(train).code, 6);
}

}  // namespace
}  // namespace ganserve
