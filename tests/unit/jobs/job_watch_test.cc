#include "server/jobs/job_watch.h"

#include <gmock/gmock.h>

#include <future>

#include "server/jobs/event_record.h"
#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

class JobWatchTest : public ::testing::Test {
 protected:
  JobWatchTest() {
    auto files = FileWatcher::Create();
    EXPECT_TRUE(files.ok()) << files.status();
    files_ = *std::move(files);
  }

  std::unique_ptr<JobWatch> Watch(
      uint64_t after_sequence, std::function<void()> on_change = [] {}) {
    auto watch = JobWatch::Open(folder_.path(), after_sequence, stopping_, *files_, std::move(on_change));
    EXPECT_TRUE(watch.ok()) << watch.status();
    return *std::move(watch);
  }
  // All in one write, as no trainer has so much to tell.
  void AppendLosses(int count) {
    std::string records;
    v1::TrainEvent event;
    event.mutable_losses()->set_generator_loss(1);
    for (int i = 0; i < count; ++i) {
      event.set_sequence(++last_sequence_);
      records += EncodeRecord(event);
    }
    std::ofstream(folder_.File("events"), std::ios::binary | std::ios::app) << records;
  }
  void AppendSample(const std::string& path) {
    v1::TrainEvent event;
    event.mutable_sample()->set_path(path);
    event.set_sequence(++last_sequence_);
    std::ofstream(folder_.File("events"), std::ios::binary | std::ios::app) << EncodeRecord(event);
  }
  // All events that there are now.
  static std::vector<v1::TrainEvent> Drain(JobWatch& watch) {
    std::vector<v1::TrainEvent> events;
    while (true) {
      auto event = watch.Next();
      EXPECT_TRUE(event.ok()) << event.status();
      if (!event.ok() || !*event) return events;
      events.push_back(**event);
    }
  }

  const TemporaryFolder folder_;
  std::atomic<bool> stopping_ = false;
  std::unique_ptr<FileWatcher> files_;
  uint64_t last_sequence_ = 0;
};

TEST_F(JobWatchTest, ReplaysTheWholeHistoryHoweverLong) {
  AppendLosses(5'000);
  const auto watch = Watch(0);
  EXPECT_EQ(Drain(*watch).size(), 5'000U);
}

TEST_F(JobWatchTest, ASlowWatcherIsGivenGapsForLossesAndEverythingElse) {
  const auto watch = Watch(0);
  AppendLosses(1);
  ASSERT_EQ(Drain(*watch).size(), 1U);
  AppendLosses(3'000);
  AppendSample("samples/1.png");
  AppendLosses(3'000);
  const std::vector<v1::TrainEvent> events = Drain(*watch);
  EXPECT_LT(events.size(), 3'000U);
  uint64_t expected = 2;
  int gaps = 0;
  int samples = 0;
  for (const v1::TrainEvent& event : events) {
    if (event.has_gap()) {
      ++gaps;
      EXPECT_EQ(event.gap().first_sequence(), expected);
      EXPECT_EQ(event.gap().last_sequence(), event.sequence());
    } else {
      EXPECT_EQ(event.sequence(), expected);
    }
    samples += event.has_sample() ? 1 : 0;
    expected = event.sequence() + 1;
  }
  EXPECT_EQ(expected, 6'003U) << "nothing is missing at the end";
  EXPECT_GE(gaps, 1);
  EXPECT_EQ(samples, 1);
}

TEST_F(JobWatchTest, SamplesBringTheirPicture) {
  std::filesystem::create_directory(folder_.File("samples"));
  folder_.Write("samples/7.png", "a picture");
  AppendSample("samples/7.png");
  AppendSample("samples/8.png");
  const auto events = Drain(*Watch(0));
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].sample().png(), "a picture");
  EXPECT_EQ(events[1].sample().png(), "") << "the file is gone";
}

TEST_F(JobWatchTest, NoEventMakesTheServerReadAnotherFile) {
  folder_.Write("spec", "private");
  for (const char* path : {"spec", "samples/../spec", "/etc/hostname"}) AppendSample(path);
  for (const v1::TrainEvent& event : Drain(*Watch(0))) EXPECT_EQ(event.sample().png(), "");
}

TEST_F(JobWatchTest, HasEndedBehindTheTerminalEventAlsoForWhoAsksForNothingBeforeIt) {
  AppendLosses(1);
  v1::TrainEvent terminal;
  terminal.mutable_terminal()->set_state(v1::TRAIN_JOB_STATE_SUCCEEDED);
  terminal.set_sequence(++last_sequence_);
  const auto early = Watch(0);
  EXPECT_EQ(Drain(*early).size(), 1U);
  EXPECT_FALSE(early->ended());
  std::ofstream(folder_.File("events"), std::ios::binary | std::ios::app) << EncodeRecord(terminal);
  EXPECT_EQ(Drain(*early).size(), 1U);
  EXPECT_TRUE(early->ended());
  const auto late = Watch(last_sequence_);
  EXPECT_TRUE(Drain(*late).empty());
  EXPECT_TRUE(late->ended());
}

TEST_F(JobWatchTest, IsCalledWhenSomethingIsWritten) {
  std::promise<void> second_call;
  std::atomic<int> calls = 0;
  std::promise<void> first_call;
  const auto watch = Watch(0, [&] {
    const int call = ++calls;
    if (call == 1) first_call.set_value();
    if (call == 2) second_call.set_value();
  });
  first_call.get_future().wait();
  AppendLosses(1);
  second_call.get_future().wait();
  EXPECT_EQ(Drain(*watch).size(), 1U);
}

TEST_F(JobWatchTest, EndsWhenTheServerStopsOrTheJobIsDeleted) {
  const auto watch = Watch(0);
  stopping_ = true;
  EXPECT_TRUE(absl::IsUnavailable(watch->Next().status()));
  stopping_ = false;
  AppendLosses(1);
  EXPECT_EQ(Drain(*watch).size(), 1U);
  std::filesystem::remove(folder_.File("events"));
  EXPECT_TRUE(absl::IsNotFound(watch->Next().status()));
}

}  // namespace
}  // namespace ganserve
