#include "server/train/job_directory.h"

#include <gmock/gmock.h>

#include "server/train/event_log.h"
#include "server/train/publish.h"
#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

namespace fs = std::filesystem;

absl::Status WriteNothing(const std::string&) { return absl::OkStatus(); }

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
  ASSERT_TRUE(job->RecordLosses(5, {1, 2, 3, 4, 0.5, 0.25}).ok());
  ASSERT_TRUE(job->PublishSample(6, "png").ok());
  ASSERT_TRUE(job->PublishCheckpoint(7, Writing("weights")).ok());
  ASSERT_TRUE(job->PublishExport(8, Writing("model"), "json").ok());
  ASSERT_TRUE(job->RecordState(8, JobState::kFailed, "why").ok());
  const auto events = ReadEventLog(folder.File("job/events"))->events;
  ASSERT_EQ(events.size(), 6U);
  EXPECT_EQ(events[0].state_change().state(), v1::TRAINER_STATE_RUNNING);
  EXPECT_EQ(events[1].losses().batches(), 4U);
  EXPECT_EQ(events[1].losses().generator_loss(), 0.25);
  EXPECT_EQ(ReadWhole(folder.File("job/" + events[2].sample().path())), "png");
  EXPECT_EQ(ReadWhole(folder.File("job/" + events[3].checkpoint().path())), "weights");
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
  EXPECT_FALSE(job->PublishCheckpoint(1, fail).ok());
  EXPECT_FALSE(job->PublishExport(1, fail, "json").ok());
  EXPECT_EQ(Entries(folder.File("job/checkpoints")), 0U);
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
  EXPECT_FALSE(job->LastCheckpoint().has_value());
  for (const uint64_t step : {8U, 9U, 10U}) ASSERT_TRUE(job->PublishCheckpoint(step, Writing("x")).ok());
  EXPECT_EQ(Entries(folder.File("job/checkpoints")), 2U);
  EXPECT_EQ(job->LastCheckpoint()->step, 10U);
  EXPECT_EQ(JobDirectory::Open(folder.File("job"))->LastCheckpoint()->path, folder.File("job/checkpoints/10.ckpt"));
}

TEST(JobDirectoryTest, SaysWhenAWriterWroteNothing) {
  TemporaryFolder folder;
  auto job = JobDirectory::Create(folder.File("job"), "{}");
  EXPECT_FALSE(job->PublishCheckpoint(1, WriteNothing).ok());
}

}  // namespace
}  // namespace ganserve
