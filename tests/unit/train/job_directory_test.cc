#include "server/train/job_directory.h"

#include <gmock/gmock.h>

#include "server/base/publish.h"
#include "server/jobs/event_log.h"
#include "server/train/checksum_trailer.h"
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

TEST(JobDirectoryTest, HasThePartsThatAWatcherExpects) {
  TemporaryFolder folder;
  auto job = JobDirectory::Create(folder.File("job"), "{}\n");
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(ReadWhole(folder.File("job/spec")), "{}\n");
  for (const char* part : {"events", "checkpoints", "samples", "exports"}) {
    EXPECT_TRUE(fs::exists(folder.File("job/") + part)) << part;
  }
}

TEST(JobDirectoryTest, RefusesToOverwriteAJob) {
  TemporaryFolder folder;
  ASSERT_TRUE(JobDirectory::Create(folder.File("job"), "{}").ok());
  EXPECT_EQ(JobDirectory::Create(folder.File("job"), "{}").status().code(), absl::StatusCode::kAlreadyExists);
}

TEST(JobDirectoryTest, FindsNoJobWhereThereIsNone) {
  TemporaryFolder folder;
  EXPECT_EQ(JobDirectory::Open(folder.path()).status().code(), absl::StatusCode::kNotFound);
}

TEST(JobDirectoryTest, TellsOfEverythingPublishedInOrder) {
  TemporaryFolder folder;
  auto job = JobDirectory::Create(folder.File("job"), "{}");
  ASSERT_TRUE(job->RecordState(0, JobState::kRunning, "").ok());
  ASSERT_TRUE(job->RecordLosses(5, {1, 2, 3, 4, 0.5, 0.25, 0.75, 0.125, 3, 2}).ok());
  ASSERT_TRUE(job->PublishSample(6, "png").ok());
  ASSERT_TRUE(job->PublishCheckpoint(7, "weights").ok());
  ASSERT_TRUE(job->PublishExport(8, Writing("model"), "json").ok());
  ASSERT_TRUE(job->RecordState(8, JobState::kFailed, "why").ok());
  const auto events = ReadEventLog(folder.File("job/events"))->events;
  ASSERT_EQ(events.size(), 6U);
  EXPECT_EQ(events[0].state_change().state(), v1::TRAIN_JOB_STATE_RUNNING);
  EXPECT_EQ(events[1].epoch(), 1U);
  EXPECT_EQ(events[1].losses().batches(), 4U);
  EXPECT_EQ(events[1].losses().generator_loss(), 0.25);
  EXPECT_EQ(events[1].losses().fake_score(), 0.125);
  EXPECT_EQ(events[1].losses().generator_gradient_norm(), 2);
  EXPECT_EQ(ReadWhole(folder.File("job/" + events[2].sample().path())), "png");
  EXPECT_EQ(*WithoutChecksum(ReadWhole(folder.File("job/" + events[3].checkpoint().path()))), "weights");
  EXPECT_EQ(ReadWhole(folder.File("job/" + events[4].export_().path() + "/model.pt")), "model");
  EXPECT_EQ(ReadWhole(folder.File("job/" + events[4].export_().path() + "/model.json")), "json");
  EXPECT_EQ(events[5].state_change().message(), "why");
  EXPECT_EQ(events[5].step(), 8U);
}

TEST(JobDirectoryTest, LeavesNothingBehindWhenAWriterFails) {
  TemporaryFolder folder;
  auto job = JobDirectory::Create(folder.File("job"), "{}");
  const auto fail = [](const std::string& path) {
    std::ofstream(path) << "half";
    return absl::InternalError("disk full");
  };
  EXPECT_FALSE(job->PublishExport(1, fail, "json").ok());
  EXPECT_EQ(Entries(folder.File("job/exports")), 0U);
  EXPECT_TRUE(ReadEventLog(folder.File("job/events"))->events.empty());
}

TEST(JobDirectoryTest, DoesNotChangeAPublishedExport) {
  TemporaryFolder folder;
  auto job = JobDirectory::Create(folder.File("job"), "{}");
  ASSERT_TRUE(job->PublishExport(1, Writing("first"), "json").ok());
  EXPECT_EQ(job->PublishExport(1, Writing("second"), "json").code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReadWhole(folder.File("job/exports/1/model.pt")), "first");
}

TEST(JobDirectoryTest, KeepsTheNewestTwoCheckpointsByNumber) {
  TemporaryFolder folder;
  auto job = JobDirectory::Create(folder.File("job"), "{}");
  EXPECT_FALSE(job->ReadLastCheckpoint()->has_value());
  for (const uint64_t step : {8U, 9U, 10U}) ASSERT_TRUE(job->PublishCheckpoint(step, "x").ok());
  EXPECT_EQ(Entries(folder.File("job/checkpoints")), 2U);
  const auto last = JobDirectory::Open(folder.File("job"))->ReadLastCheckpoint();
  ASSERT_TRUE(last.ok() && last->has_value());
  EXPECT_EQ((*last)->step, 10U);
  EXPECT_EQ((*last)->path, folder.File("job/checkpoints/10.ckpt"));
  EXPECT_EQ((*last)->contents, "x");
}

TEST(JobDirectoryTest, GoesBackToTheCheckpointBeforeADamagedOneAndSaysSo) {
  TemporaryFolder folder;
  auto job = JobDirectory::Create(folder.File("job"), "{}");
  ASSERT_TRUE(job->PublishCheckpoint(8, "eight").ok() && job->PublishCheckpoint(9, "nine").ok());
  std::string damaged = ReadWhole(folder.File("job/checkpoints/9.ckpt"));
  damaged[1] = static_cast<char>(damaged[1] ^ 1);
  folder.Write("job/checkpoints/9.ckpt", damaged);
  const auto last = job->ReadLastCheckpoint();
  ASSERT_TRUE(last.ok() && last->has_value()) << last.status();
  EXPECT_EQ((*last)->contents, "eight");
  EXPECT_THAT(ReadEventLog(folder.File("job/events"))->events.back().log(),
              testing::AllOf(testing::HasSubstr("9.ckpt"), testing::HasSubstr("torn or corrupt")));
  folder.Write("job/checkpoints/8.ckpt", "");
  const auto none = job->ReadLastCheckpoint();
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_FALSE(none->has_value());
}

TEST(JobDirectoryTest, TellsNothingTwiceWhenARunIsDoneAgain) {
  TemporaryFolder folder;
  const LossReport losses{1, 2, 3, 4, 0.5, 0.25, 0, 0, 0, 0};
  const auto run = [&](JobDirectory job, uint64_t steps) {
    for (uint64_t step = 1; step <= steps; ++step) {
      ASSERT_TRUE(job.RecordLosses(step, losses).ok());
      ASSERT_TRUE(job.PublishSample(step, "png").ok());
      ASSERT_TRUE(job.PublishCheckpoint(step, "weights").ok());
    }
  };
  run(*JobDirectory::Create(folder.File("job"), "{}"), 2);
  run(*JobDirectory::Open(folder.File("job")), 3);
  const auto events = ReadEventLog(folder.File("job/events"))->events;
  ASSERT_EQ(events.size(), 9U);
  for (size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].step(), i / 3 + 1) << i;
}

TEST(JobDirectoryTest, TellsAgainOfStepsAfterARollbackAndOfEachRollbackOnce) {
  TemporaryFolder folder;
  const LossReport losses{1, 2, 3, 4, 0.5, 0.25, 0, 0, 0, 0};
  const auto run = [&](JobDirectory job) {
    ASSERT_TRUE(job.RecordLosses(5, losses).ok());
    ASSERT_TRUE(job.RecordRollback(4, 1, 0.5).ok());
    ASSERT_TRUE(job.RecordLosses(5, losses).ok());
  };
  run(*JobDirectory::Create(folder.File("job"), "{}"));
  run(*JobDirectory::Open(folder.File("job")));
  const auto events = ReadEventLog(folder.File("job/events"))->events;
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[1].rollback().count(), 1U);
  EXPECT_EQ(events[1].rollback().learning_rate_factor(), 0.5);
  EXPECT_EQ(events[2].step(), 5U);
}

TEST(JobDirectoryTest, RemovesWhatAKilledProcessLeft) {
  TemporaryFolder folder;
  ASSERT_TRUE(JobDirectory::Create(folder.File("job"), "{}").ok());
  folder.Write("job/checkpoints/8.ckpt.tmp.123", "half");
  fs::create_directories(folder.File("job/exports/8.tmp.123"));
  folder.Write("job/exports/8.tmp.123/model.pt", "half");
  ASSERT_TRUE(JobDirectory::Open(folder.File("job")).ok());
  EXPECT_EQ(Entries(folder.File("job/checkpoints")), 0U);
  EXPECT_EQ(Entries(folder.File("job/exports")), 0U);
}

TEST(JobDirectoryTest, TellsOfAnExportWhoseProcessWasKilledBeforeItTold) {
  TemporaryFolder folder;
  auto job = JobDirectory::Create(folder.File("job"), "{}");
  fs::create_directories(folder.File("job/exports/3"));
  EXPECT_EQ(job->PublishExport(3, Writing("model"), "json").code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReadEventLog(folder.File("job/events"))->events.back().export_().path(), "exports/3");
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
