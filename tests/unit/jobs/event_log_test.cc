#include "server/jobs/event_log.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "tests/support/read_event_log.h"
#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

v1::TrainEvent LossAt(uint64_t step) {
  v1::TrainEvent event;
  event.set_step(step);
  event.mutable_losses()->set_generator_loss(1.5);
  return event;
}

// A log of three events.
std::string ThreeEvents(const TemporaryFolder& folder) {
  const std::string path = folder.File("events");
  auto log = EventLog::Open(path);
  EXPECT_TRUE(log.ok()) << log.status();
  for (uint64_t step = 10; step <= 30; step += 10) EXPECT_TRUE(log->Append(LossAt(step)).ok());
  return path;
}

TEST(EventLogTest, ReadsBackWhatWasAppendedWithDenseNumbers) {
  TemporaryFolder folder;
  const auto contents = ReadEventLog(ThreeEvents(folder));
  ASSERT_TRUE(contents.ok()) << contents.status();
  ASSERT_EQ(contents->events.size(), 3U);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(contents->events[i].sequence(), i + 1);
    EXPECT_EQ(contents->events[i].step(), 10 * (i + 1));
    EXPECT_EQ(contents->events[i].losses().generator_loss(), 1.5);
    EXPECT_GT(contents->events[i].unix_time_ms(), 0);
  }
  EXPECT_FALSE(contents->torn);
  EXPECT_EQ(contents->valid_bytes, std::filesystem::file_size(folder.File("events")));
}

TEST(EventLogTest, ContinuesTheNumbersOfAnExistingFile) {
  TemporaryFolder folder;
  const std::string path = ThreeEvents(folder);
  auto log = EventLog::Open(path);
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ(log->last_sequence(), 3U);
  ASSERT_TRUE(log->Append(LossAt(40)).ok());
  EXPECT_EQ(ReadEventLog(path)->events.back().sequence(), 4U);
}

TEST(EventLogTest, AppendsAfterAnEventUnlessOthersWroteOnesThatTheWriterHasNotSeen) {
  TemporaryFolder folder;
  const std::string path = ThreeEvents(folder);
  auto log = EventLog::Open(path);
  auto other = EventLog::Open(path);
  ASSERT_TRUE(log.ok() && other.ok());
  EXPECT_TRUE(log->AppendAfter(3, LossAt(40)).value());
  EXPECT_FALSE(other->AppendAfter(3, LossAt(50)).value());
  EXPECT_EQ(ReadEventLog(path)->events.size(), 4U);
  EXPECT_TRUE(other->AppendAfter(4, LossAt(50)).value());
  EXPECT_EQ(ReadEventLog(path)->events.back().step(), 50U);
}

// A writer that is killed can leave any prefix of its last record.
TEST(EventLogTest, StopsBeforeATornTailOfAnyLengthAndCutsItOff) {
  TemporaryFolder folder;
  const std::string whole = ReadWhole(ThreeEvents(folder));
  const size_t record_bytes = whole.size() / 3;
  for (size_t bytes = 2 * record_bytes + 1; bytes < whole.size(); ++bytes) {
    const std::string path = folder.Write("torn", whole.substr(0, bytes));
    const auto contents = ReadEventLog(path);
    ASSERT_TRUE(contents.ok()) << contents.status();
    ASSERT_EQ(contents->events.size(), 2U) << bytes;
    ASSERT_TRUE(contents->torn) << bytes;
    auto log = EventLog::Open(path);
    ASSERT_TRUE(log.ok() && log->Append(LossAt(99)).ok());
    const auto repaired = ReadEventLog(path);
    ASSERT_EQ(repaired->events.size(), 3U) << bytes;
    ASSERT_EQ(repaired->events.back().step(), 99U);
    ASSERT_FALSE(repaired->torn);
  }
}

TEST(EventLogTest, NoticesAnyFlippedByteOfTheLastRecord) {
  TemporaryFolder folder;
  const std::string whole = ReadWhole(ThreeEvents(folder));
  for (size_t i = whole.size() - whole.size() / 3; i < whole.size(); ++i) {
    std::string flipped = whole;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x10);
    const auto contents = ReadEventLog(folder.Write("flipped", flipped));
    ASSERT_EQ(contents->events.size(), 2U) << i;
    ASSERT_TRUE(contents->torn) << i;
  }
}

TEST(EventLogTest, RefusesAGapInTheNumbers) {
  TemporaryFolder folder;
  const std::string whole = ReadWhole(ThreeEvents(folder));
  const size_t record_bytes = whole.size() / 3;
  const auto contents =
      ReadEventLog(folder.Write("gap", whole.substr(0, record_bytes) + whole.substr(2 * record_bytes)));
  EXPECT_EQ(contents.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(contents.status().message(), testing::HasSubstr("event 3 where 2 was expected"));
}

TEST(EventLogTest, TwoWritersShareOneSequence) {
  TemporaryFolder folder;
  const std::string path = folder.File("events");
  auto trainer = EventLog::Open(path);
  auto supervisor = EventLog::Open(path);
  ASSERT_TRUE(trainer.ok() && supervisor.ok());
  for (uint64_t step = 1; step <= 6; ++step)
    ASSERT_TRUE((step % 3 == 0 ? supervisor : trainer)->Append(LossAt(step)).ok());
  const auto contents = ReadEventLog(path);
  ASSERT_TRUE(contents.ok()) << contents.status();
  ASSERT_EQ(contents->events.size(), 6U);
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(contents->events[i].step(), i + 1);
}

TEST(EventLogTest, CutsOffWhatAnotherWriterLeftTornWhileOpen) {
  TemporaryFolder folder;
  const std::string path = ThreeEvents(folder);
  auto log = EventLog::Open(path);
  ASSERT_TRUE(log.ok()) << log.status();
  std::ofstream(path, std::ios::app) << "torn";
  ASSERT_TRUE(log->Append(LossAt(40)).ok());
  const auto contents = ReadEventLog(path);
  EXPECT_EQ(contents->events.size(), 4U);
  EXPECT_FALSE(contents->torn);
}

TEST(EventLogTest, RefusesAnEventThatReadersWouldTakeForTorn) {
  TemporaryFolder folder;
  const std::string path = ThreeEvents(folder);
  v1::TrainEvent event;
  event.mutable_log_line()->set_text(std::string(size_t{1} << 20, 'x'));
  EXPECT_EQ(EventLog::Open(path)->Append(event).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(ReadEventLog(path)->torn);
}

// Protobuf reads no string that is not UTF-8: the record would be taken for torn, and cut off by the next writer.
TEST(EventLogTest, KeepsAnEventWhoseTextIsNotUtf8) {
  TemporaryFolder folder;
  const std::string path = ThreeEvents(folder);
  auto log = EventLog::Open(path);
  ASSERT_TRUE(log.ok()) << log.status();
  v1::TrainEvent alarm;
  alarm.mutable_alarm()->set_text("caf\xe9: class \"\xc3\xa9t\xc3\"");
  ASSERT_TRUE(log->Append(alarm).ok());
  ASSERT_TRUE(log->Append(LossAt(50)).ok());
  const auto contents = ReadEventLog(path);
  ASSERT_TRUE(contents.ok()) << contents.status();
  ASSERT_EQ(contents->events.size(), 5U);
  EXPECT_EQ(contents->events[3].alarm().text(), "caf\xef\xbf\xbd: class \"\xc3\xa9t\xef\xbf\xbd\"");
}

TEST(EventLogTest, KeepsTheBytesOfASampleAsTheyAre) {
  TemporaryFolder folder;
  const std::string path = ThreeEvents(folder);
  v1::TrainEvent sample;
  sample.mutable_sample()->set_png("\x89PNG\xff");
  ASSERT_TRUE(EventLog::Open(path)->Append(sample).ok());
  EXPECT_EQ(ReadEventLog(path)->events.back().sample().png(), "\x89PNG\xff");
}

TEST(EventLogTest, ATerminalEventNamesItsOwnSequence) {
  TemporaryFolder folder;
  const std::string path = ThreeEvents(folder);
  v1::TrainEvent event;
  event.mutable_terminal()->set_state(v1::TRAIN_JOB_STATE_SUCCEEDED);
  ASSERT_TRUE(EventLog::Open(path)->Append(event).ok());
  EXPECT_EQ(ReadEventLog(path)->events.back().terminal().last_sequence(), 4U);
}

TEST(EventLogTest, SaysThatThereIsNoFile) {
  EXPECT_EQ(ReadEventLog("/nonexistent/events").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace ganserve
