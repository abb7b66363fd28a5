#include "server/jobs/job_record.h"

#include <gtest/gtest.h>

#include <initializer_list>

#include "tests/support/read_event_log.h"
#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

TEST(JobRecordTest, OnlyARunningJobTellsWhenItsNewestEventWasWritten) {
  const TemporaryFolder folder;
  const std::string events = folder.File("events");
  auto record = JobRecord::Open({"a", "", {}, 0}, events);
  ASSERT_TRUE(record.ok()) << record.status();
  for (const v1::TrainJobState state : {v1::TRAIN_JOB_STATE_STARTING, v1::TRAIN_JOB_STATE_RUNNING}) {
    EXPECT_EQ(record->Figures().last_event_time_ms, 0);
    ASSERT_TRUE(record->Move(state, "").ok());
    ASSERT_TRUE(record->ReadNew().ok());
  }
  const auto log = ReadEventLog(events);
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_GT(log->events.back().unix_time_ms(), 0);
  EXPECT_EQ(record->Figures().last_event_time_ms, log->events.back().unix_time_ms());

  const auto reopened = JobRecord::Open({"a", "", {}, 0}, events);
  ASSERT_TRUE(reopened.ok()) << reopened.status();
  EXPECT_EQ(reopened->Figures().last_event_time_ms, log->events.back().unix_time_ms()) << "as the next server reads it";

  ASSERT_TRUE(record->Move(v1::TRAIN_JOB_STATE_PAUSED, "").ok());
  EXPECT_EQ(record->Figures().last_event_time_ms, 0);
}

}  // namespace
}  // namespace ganserve
