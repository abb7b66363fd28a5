#include "server/jobs/generator_comparison.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kJob[] = "20261126-101112-0a1b2c";

// A shell script stands in for ganserve-eval.
class GeneratorComparisonTest : public ::testing::Test {
 protected:
  GeneratorComparisonTest() {
    std::filesystem::create_directories(folder_.File(absl::StrCat("jobs/", kJob)));
    WriteSpec(R"({"data": "squares", "evaluationSamples": 300})");
  }

  void WriteSpec(const std::string& json) const { folder_.Write(absl::StrCat("jobs/", kJob, "/spec"), json); }
  void EvaluatorRuns(const std::string& script) const {
    std::filesystem::permissions(folder_.Write("eval", "#!/bin/sh\n" + script), std::filesystem::perms::owner_all);
  }
  absl::Status Compare(const std::string& job_id = kJob) const {
    return CheckNotWorse({folder_.File("eval"), folder_.File("jobs"), "/data", 0}, job_id, "/models/m/2", "/models/m/1",
                         {});
  }

  const TemporaryFolder folder_;
};

TEST_F(GeneratorComparisonTest, MeasuresBothOnTheJobsData) {
  EvaluatorRuns(
      "[ \"$*\" = '--model /models/m/2 --against /models/m/1 --data /data/squares --samples 300 --threads 1' ]");
  EXPECT_EQ(Compare(), absl::OkStatus());
  WriteSpec(R"({"data": "squares", "extractor": "eyes.pt"})");
  EvaluatorRuns("[ \"${10} ${11} ${12}\" = '1 --extractor /data/eyes.pt' ]");
  EXPECT_EQ(Compare(), absl::OkStatus());
}

TEST_F(GeneratorComparisonTest, AWorseOneIsRefusedWithTheFiguresAndWithoutPaths) {
  EvaluatorRuns(
      "echo 'ganserve-eval: worse than /models/m/1: its FID is 9.0000, that of the other 3.0000' >&2; exit 8");
  const absl::Status status = Compare();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_EQ(status.message(), absl::StrCat("the generator of job ", kJob,
                                           " is worse than the version on duty: its FID is 9.0000, that of the other "
                                           "3.0000"));
}

TEST_F(GeneratorComparisonTest, WhatCannotBeComparedSaysWhy) {
  EvaluatorRuns("echo 'ganserve-eval: --against /models/m/1: its images are 8x8x1' >&2; exit 4");
  const absl::Status status = Compare();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("can't be compared"), HasSubstr("its images are 8x8x1"), Not(HasSubstr("/models"))));
}

TEST_F(GeneratorComparisonTest, AnEvaluatorThatDiesIsNoVerdict) {
  EvaluatorRuns("kill -SEGV $$");
  const absl::Status status = Compare();
  EXPECT_TRUE(absl::IsInternal(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("signal 11"));
}

TEST_F(GeneratorComparisonTest, AnUnknownJobIsNotFound) {
  EXPECT_TRUE(absl::IsNotFound(Compare("20261126-101112-ffffff")));
  EXPECT_TRUE(absl::IsNotFound(Compare("../jobs")));
}

}  // namespace
}  // namespace ganserve
