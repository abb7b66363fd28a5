#include "server/jobs/event_reader.h"

#include <gmock/gmock.h>
#include <google/protobuf/unknown_field_set.h>

#include <filesystem>

#include "server/jobs/event_log.h"
#include "server/jobs/event_record.h"
#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

using ::testing::HasSubstr;

v1::TrainEvent LogLine(const std::string& text, uint64_t sequence = 0) {
  v1::TrainEvent event;
  event.set_sequence(sequence);
  event.mutable_log_line()->set_text(text);
  return event;
}

class EventReaderTest : public ::testing::Test {
 protected:
  EventLog OpenLog() const {
    auto log = EventLog::Open(path_);
    EXPECT_TRUE(log.ok()) << log.status();
    return *std::move(log);
  }
  // The sequence of the next event, 0 if there is none.
  static uint64_t NextSequence(EventReader& reader) {
    const auto event = reader.Next();
    EXPECT_TRUE(event.ok()) << event.status();
    return event.ok() && *event ? (*event)->sequence() : 0;
  }

  const TemporaryFolder folder_;
  const std::string path_ = folder_.File("events");
};

TEST_F(EventReaderTest, FollowsAFileThatIsBeingWritten) {
  EventReader reader(path_);
  EXPECT_EQ(NextSequence(reader), 0U) << "no file yet";
  EventLog log = OpenLog();
  EXPECT_EQ(NextSequence(reader), 0U);
  for (uint64_t sequence = 1; sequence <= 3; ++sequence) {
    ASSERT_TRUE(log.Append(LogLine("x")).ok());
    EXPECT_EQ(NextSequence(reader), sequence);
    EXPECT_EQ(NextSequence(reader), 0U);
  }
  EXPECT_EQ(reader.BytesLeft(), 0U);
}

TEST_F(EventReaderTest, ReadsRecordsLargerThanItsBlocks) {
  EventLog log = OpenLog();
  const std::string large(kMaxEventBytes - 1000, 'x');
  for (const std::string& text : {std::string("small"), large, std::string("small")}) {
    ASSERT_TRUE(log.Append(LogLine(text)).ok());
  }
  EventReader reader(path_);
  ASSERT_EQ(NextSequence(reader), 1U);
  const auto event = reader.Next();
  ASSERT_TRUE(event.ok() && *event);
  EXPECT_EQ((*event)->log_line().text(), large);
  EXPECT_EQ(NextSequence(reader), 3U);
}

TEST_F(EventReaderTest, WaitsBeforeATornRecordAndReadsWhatReplacesIt) {
  std::string torn = EncodeRecord(LogLine("torn", 2));
  torn.resize(torn.size() - 3);
  folder_.Write("events", EncodeRecord(LogLine("first", 1)) + torn);
  EventReader reader(path_);
  EXPECT_EQ(NextSequence(reader), 1U);
  EXPECT_EQ(NextSequence(reader), 0U);
  ASSERT_TRUE(OpenLog().Append(LogLine("second")).ok());
  const auto event = reader.Next();
  ASSERT_TRUE(event.ok() && *event);
  EXPECT_EQ((*event)->log_line().text(), "second");
}

TEST_F(EventReaderTest, TakesALengthWithoutEndForATornRecord) {
  folder_.Write("events", EncodeRecord(LogLine("first", 1)) + std::string(3'000'000, '\xff'));
  EventReader reader(path_);
  EXPECT_EQ(NextSequence(reader), 1U);
  EXPECT_EQ(NextSequence(reader), 0U);
}

TEST_F(EventReaderTest, HandsOnAnEventOfAKindThatIsNotKnownYet) {
  v1::TrainEvent newer;
  newer.set_sequence(1);
  // Field 2000, a string: what this build has no name for.
  newer.GetReflection()->MutableUnknownFields(&newer)->AddLengthDelimited(2000, "from the future");
  folder_.Write("events", EncodeRecord(newer) + EncodeRecord(LogLine("known", 2)));
  EventReader reader(path_);
  const auto event = reader.Next();
  ASSERT_TRUE(event.ok() && *event);
  EXPECT_EQ((*event)->event_case(), v1::TrainEvent::EVENT_NOT_SET);
  EXPECT_EQ(NextSequence(reader), 2U);
}

TEST_F(EventReaderTest, ReportsMissingEvents) {
  folder_.Write("events", EncodeRecord(LogLine("first", 1)) + EncodeRecord(LogLine("third", 3)));
  EventReader reader(path_);
  EXPECT_EQ(NextSequence(reader), 1U);
  const absl::Status status = reader.Next().status();
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("event 3 where 2 was expected"));
}

TEST_F(EventReaderTest, DoesNotMindAClockThatJumps) {
  v1::TrainEvent early = LogLine("early", 2);
  early.set_unix_time_ms(-5);
  v1::TrainEvent late = LogLine("late", 1);
  late.set_unix_time_ms(int64_t{1} << 60);
  folder_.Write("events", EncodeRecord(late) + EncodeRecord(early));
  EventReader reader(path_);
  EXPECT_EQ(NextSequence(reader), 1U);
  EXPECT_EQ(NextSequence(reader), 2U);
}

TEST_F(EventReaderTest, SkipsToASequenceAndRefusesOneThatIsNotThereYet) {
  EventLog log = OpenLog();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(log.Append(LogLine("x")).ok());
  EventReader reader(path_);
  ASSERT_TRUE(reader.Skip(2).ok());
  EXPECT_EQ(NextSequence(reader), 3U);
  EventReader other(path_);
  EXPECT_TRUE(absl::IsOutOfRange(other.Skip(4)));
}

TEST_F(EventReaderTest, SaysWhenTheFileIsGone) {
  EventLog log = OpenLog();
  ASSERT_TRUE(log.Append(LogLine("x")).ok());
  EventReader reader(path_);
  EXPECT_EQ(NextSequence(reader), 1U);
  std::filesystem::remove(path_);
  EXPECT_TRUE(absl::IsNotFound(reader.Next().status()));
}

}  // namespace
}  // namespace ganserve
