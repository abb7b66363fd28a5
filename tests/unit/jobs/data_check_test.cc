#include "server/jobs/data_check.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <future>

#include "absl/strings/str_cat.h"
#include "proto/spec/train_spec_defaults.h"
#include "server/base/train_limits.h"
#include "server/base/unique_fd.h"
#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

using ::testing::HasSubstr;

// A shell script stands in for ganserve-trainer.
class DataCheckTest : public ::testing::Test {
 protected:
  DataCheckTest() {
    folder_.Write("squares", "");
    spec_.set_data("squares");
    spec_ = ResolveTrainSpec(spec_);
  }

  void TrainerRuns(const std::string& script) {
    std::filesystem::permissions(folder_.Write("trainer", "#!/bin/sh\n" + script), std::filesystem::perms::owner_all);
  }
  void TrainerFinds(uint64_t images, uint64_t classes) {
    TrainerRuns(absl::StrCat("echo '{\"images\": ", images, ", \"classes\": ", classes, "}'"));
  }
  absl::Status Check(std::stop_token stop = {}) const {
    return CheckTrainingData(folder_.File("trainer"), folder_.path(), spec_, std::move(stop));
  }
  void ExpectRefused(absl::StatusCode code, const std::string& why) const {
    const absl::Status status = Check();
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(why));
  }

  const TemporaryFolder folder_;
  v1::TrainSpec spec_;
};

TEST_F(DataCheckTest, AsksTheTrainerWhatIsInTheData) {
  TrainerRuns("[ \"$*\" = 'check --data " + folder_.File("squares") + "' ] && echo '{\"images\": 64, \"classes\": 0}'");
  EXPECT_EQ(Check(), absl::OkStatus());
}

TEST_F(DataCheckTest, DataThatIsNotThereIsToldWithoutATrainer) {
  spec_.set_data("circles");
  ExpectRefused(absl::StatusCode::kFailedPrecondition, "data is \"circles\": there is no such data set");
}

TEST_F(DataCheckTest, BrokenDataIsToldInTheTrainersWords) {
  TrainerRuns("echo 'ganserve-trainer: squares: torn at byte offset 7' >&2; exit 4");
  ExpectRefused(absl::StatusCode::kFailedPrecondition, "data is \"squares\": squares: torn at byte offset 7");
}

TEST_F(DataCheckTest, DataThatCannotBeReadNowIsOfNoUseEither) {
  TrainerRuns("echo 'ganserve-trainer: out of memory' >&2; exit 1");
  ExpectRefused(absl::StatusCode::kFailedPrecondition, "data is \"squares\": out of memory");
}

TEST_F(DataCheckTest, DataThatKillsItsReaderIsOneFailedCheck) {
  TrainerRuns("kill -SEGV $$");
  ExpectRefused(absl::StatusCode::kInternal, "signal 11");
}

TEST_F(DataCheckTest, AnAnswerThatIsNoneIsQuoted) {
  for (const char* answer : {"", "fine", "{\"images\": 1}", "{\"images\": -1, \"classes\": 0}"}) {
    TrainerRuns(absl::StrCat("echo '", answer, "'"));
    ExpectRefused(absl::StatusCode::kInternal, absl::StrCat("can't be understood: ", answer));
  }
}

TEST_F(DataCheckTest, TheReaderHasTheMemoryOfTheJob) {
  spec_.set_memory_limit_bytes(uint64_t{512} << 20);
  TrainerRuns("ulimit -d >&2; exit 4");
  ExpectRefused(absl::StatusCode::kFailedPrecondition, ": 524288");
}

TEST_F(DataCheckTest, DataMustFillABatch) {
  spec_.set_batch_size(40);
  TrainerFinds(40, 0);
  EXPECT_EQ(Check(), absl::OkStatus());
  TrainerFinds(39, 0);
  ExpectRefused(absl::StatusCode::kInvalidArgument, "batch_size is 40, but data \"squares\" has 39 images");
}

TEST_F(DataCheckTest, EvaluationNeedsFourImages) {
  spec_.set_batch_size(2);
  spec_.set_evaluate_every_steps(500);
  TrainerFinds(4, 0);
  EXPECT_EQ(Check(), absl::OkStatus());
  TrainerFinds(3, 0);
  ExpectRefused(absl::StatusCode::kInvalidArgument, "evaluate_every_steps is 500");
  spec_.set_evaluate_every_steps(0);
  EXPECT_EQ(Check(), absl::OkStatus());
}

TEST_F(DataCheckTest, ClassesThatAreAskedForMustBeThere) {
  TrainerFinds(64, 0);
  spec_.set_conditioning(v1::TRAIN_CONDITIONING_AUTO);
  EXPECT_EQ(Check(), absl::OkStatus());
  spec_.set_conditioning(v1::TRAIN_CONDITIONING_CLASS);
  ExpectRefused(absl::StatusCode::kInvalidArgument, "data \"squares\" has no labels");
}

TEST_F(DataCheckTest, NetworksAreToldAtMostAsManyClassesAsAModelMayHave) {
  spec_.set_conditioning(v1::TRAIN_CONDITIONING_AUTO);
  TrainerFinds(100'000, kMaxClasses);
  EXPECT_EQ(Check(), absl::OkStatus());
  TrainerFinds(100'000, kMaxClasses + 1);
  ExpectRefused(absl::StatusCode::kInvalidArgument, "has 65537 classes, the limit is 65536");
  spec_.set_conditioning(v1::TRAIN_CONDITIONING_NONE);
  EXPECT_EQ(Check(), absl::OkStatus());
}

TEST_F(DataCheckTest, TheExtractorIsAFileOfAtMostOneGibibyte) {
  TrainerFinds(64, 0);
  spec_.set_extractor("eyes.pt");
  ExpectRefused(absl::StatusCode::kFailedPrecondition, "extractor is \"eyes.pt\": there is no such file");
  const std::string path = folder_.Write("eyes.pt", "weights");
  EXPECT_EQ(Check(), absl::OkStatus());
  std::filesystem::resize_file(path, (uint64_t{1} << 30) + 1);  // a hole, which takes no room
  ExpectRefused(absl::StatusCode::kFailedPrecondition,
                "extractor is \"eyes.pt\": has 1073741825 bytes, the limit is 1073741824");
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  ExpectRefused(absl::StatusCode::kFailedPrecondition, "extractor is \"eyes.pt\": is no regular file");
}

// The script opens the FIFO once it runs, and then waits for a line that never comes.
TEST_F(DataCheckTest, AStopKillsTheReader) {
  const std::string fifo = folder_.File("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  TrainerRuns("exec 3> " + fifo + "; trap '' TERM; read line < " + fifo);
  std::stop_source stop;
  auto status = std::async(std::launch::async, [&] { return Check(stop.get_token()); });
  const UniqueFd started(::open(fifo.c_str(), O_RDONLY));
  stop.request_stop();
  EXPECT_EQ(status.get().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace ganserve
