#include "server/train/job_directory.h"

#include <gmock/gmock.h>

#include "server/base/publish.h"
#include "server/base/sha256.h"
#include "server/jobs/event_log.h"
#include "server/train/checksum_trailer.h"
#include "tests/support/read_event_log.h"
#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

namespace fs = std::filesystem;

JobDirectory::Writer Writing(const std::string& text) {
  return [text](const std::string& path) { return PublishFile(path, text); };
}

size_t Entries(const std::string& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

class JobDirectoryTest : public testing::Test {
 protected:
  JobDirectory Create() const {
    auto job = JobDirectory::Create(folder_.File("job"), "{}\n");
    EXPECT_TRUE(job.ok()) << job.status();
    return *std::move(job);
  }
  absl::StatusOr<JobDirectory> Open() const { return JobDirectory::Open(folder_.File("job"), /*supervised=*/false); }

  std::vector<v1::TrainEvent> Events() const { return ReadEventLog(folder_.File("job/events"))->events; }
  std::string Read(const std::string& name) const { return ReadWhole(folder_.File("job/" + name)); }

  const TemporaryFolder folder_;
};

TEST_F(JobDirectoryTest, HasThePartsThatAWatcherExpects) {
  const JobDirectory job = Create();
  EXPECT_EQ(Read("spec"), "{}\n");
  for (const char* part : {"events", "checkpoints", "samples", "exports"}) {
    EXPECT_TRUE(fs::exists(folder_.File("job/") + part)) << part;
  }
}

TEST_F(JobDirectoryTest, ASpecIsAllThatAJobNeeds) {
  fs::create_directories(folder_.File("job"));
  folder_.Write("job/spec", "{}");
  const auto job = Open();
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_TRUE(fs::exists(folder_.File("job/checkpoints")));
}

TEST_F(JobDirectoryTest, RefusesToOverwriteAJob) {
  { const JobDirectory job = Create(); }
  EXPECT_EQ(JobDirectory::Create(folder_.File("job"), "{}").status().code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(JobDirectoryTest, FindsNoJobWhereThereIsNone) { EXPECT_EQ(Open().status().code(), absl::StatusCode::kNotFound); }

TEST_F(JobDirectoryTest, HasOneTrainerAtATime) {
  {
    const JobDirectory job = Create();
    const absl::Status status = Open().status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(status.message(), testing::HasSubstr("another trainer works on this job"));
  }
  EXPECT_TRUE(Open().ok()) << "the lock goes with its holder";
}

TEST_F(JobDirectoryTest, TellsOfWhatIsOnDisk) {
  JobDirectory job = Create();
  ASSERT_TRUE(job.PublishSample(6, "png").ok());
  ASSERT_TRUE(job.PublishExport(8, 8, Writing("model"), "json").ok());
  const auto events = Events();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(Read(events[0].sample().path()), "png");
  EXPECT_EQ(Read(events[1].export_().path() + "/model.pt"), "model");
  EXPECT_EQ(Read(events[1].export_().path() + "/model.json"), "json");
}

TEST_F(JobDirectoryTest, GivesTheDigestOfACheckpointsFile) {
  JobDirectory job = Create();
  const auto checkpoint = job.PublishCheckpoint(7, "weights");
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_EQ(*WithoutChecksum(Read(checkpoint->path)), "weights");
  EXPECT_EQ(checkpoint->sha256, Sha256Hex(Read(checkpoint->path)));
  EXPECT_TRUE(Events().empty()) << "the trainer tells of it";
}

TEST_F(JobDirectoryTest, LeavesNothingBehindWhenAWriterFails) {
  JobDirectory job = Create();
  const auto fail = [](const std::string& path) {
    std::ofstream(path) << "half";
    return absl::InternalError("disk full");
  };
  EXPECT_FALSE(job.PublishExport(1, 1, fail, "json").ok());
  EXPECT_EQ(Entries(folder_.File("job/exports")), 0U);
  EXPECT_TRUE(Events().empty());
}

TEST_F(JobDirectoryTest, DoesNotChangeAPublishedExport) {
  JobDirectory job = Create();
  ASSERT_TRUE(job.PublishExport(1, 1, Writing("first"), "json").ok());
  ASSERT_TRUE(job.PublishExport(1, 1, Writing("second"), "json").ok());
  EXPECT_EQ(Read("exports/1/model.pt"), "first");
  EXPECT_EQ(Events().size(), 1U);
  EXPECT_EQ(PublishModelFolder(job.ExportPath(1), Writing("third"), "json").code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(JobDirectoryTest, KeepsTheNewestCheckpointsByNumber) {
  JobDirectory job = Create();
  EXPECT_FALSE(job.ReadLastCheckpoint()->has_value());
  for (const uint64_t step : {8U, 9U, 10U, 11U}) ASSERT_TRUE(job.PublishCheckpoint(step, "x").ok());
  job.RemoveOldCheckpoints(3, std::nullopt);
  EXPECT_EQ(Entries(folder_.File("job/checkpoints")), 3U);
  const auto last = job.ReadLastCheckpoint();
  ASSERT_TRUE(last.ok() && last->has_value());
  EXPECT_EQ((*last)->step, 11U);
  EXPECT_EQ((*last)->path, folder_.File("job/checkpoints/11.ckpt"));
  EXPECT_EQ((*last)->contents, "x");
}

TEST_F(JobDirectoryTest, GoesBackToTheCheckpointBeforeADamagedOneAndSaysSo) {
  JobDirectory job = Create();
  ASSERT_TRUE(job.PublishCheckpoint(8, "eight").ok() && job.PublishCheckpoint(9, "nine").ok());
  std::string damaged = Read("checkpoints/9.ckpt");
  damaged[1] = static_cast<char>(damaged[1] ^ 1);
  folder_.Write("job/checkpoints/9.ckpt", damaged);
  const auto last = job.ReadLastCheckpoint();
  ASSERT_TRUE(last.ok() && last->has_value()) << last.status();
  EXPECT_EQ((*last)->contents, "eight");
  EXPECT_THAT(Events().back().log_line().text(),
              testing::AllOf(testing::HasSubstr("9.ckpt"), testing::HasSubstr("torn or corrupt")));
  folder_.Write("job/checkpoints/8.ckpt", "");
  const auto none = job.ReadLastCheckpoint();
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_FALSE(none->has_value());
}

TEST_F(JobDirectoryTest, RemovesWhatAKilledProcessLeft) {
  { const JobDirectory job = Create(); }
  folder_.Write("job/checkpoints/8.ckpt.tmp.123", "half");
  fs::create_directories(folder_.File("job/exports/8.tmp.123"));
  folder_.Write("job/exports/8.tmp.123/model.pt", "half");
  folder_.Write("job/spec.tmp.123", "a server may be writing it");
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(Entries(folder_.File("job/checkpoints")), 0U);
  EXPECT_EQ(Entries(folder_.File("job/exports")), 0U);
  EXPECT_TRUE(fs::exists(folder_.File("job/spec.tmp.123")));
}

TEST_F(JobDirectoryTest, TellsOfAnExportWhoseProcessWasKilledBeforeItTold) {
  JobDirectory job = Create();
  fs::create_directories(folder_.File("job/exports/3"));
  ASSERT_TRUE(job.PublishExport(3, 3, Writing("model"), "json").ok());
  EXPECT_EQ(Events().back().export_().path(), "exports/3");
}

TEST(ChecksumTrailerTest, NoticesEveryFlippedByteAndEveryLength) {
  const std::string whole = WithChecksum("contents");
  EXPECT_EQ(*WithoutChecksum(whole), "contents");
  EXPECT_EQ(*WithoutChecksum(WithChecksum("")), "");
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string flipped = whole;
    flipped[i] = static_cast<char>(flipped[i] ^ 4);
    EXPECT_EQ(WithoutChecksum(flipped).status().code(), absl::StatusCode::kDataLoss) << i;
    EXPECT_EQ(WithoutChecksum(whole.substr(0, i)).status().code(), absl::StatusCode::kDataLoss) << i;
  }
  EXPECT_FALSE(WithoutChecksum(whole + "x").ok());
}

}  // namespace
}  // namespace ganserve
