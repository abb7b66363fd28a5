#include "server/jobs/train_supervisor.h"

#include "absl/strings/match.h"
#include "tests/unit/jobs/supervisor_fixture.h"

namespace ganserve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(SupervisorTest, RunsAJobToItsEndAndTellsEveryState) {
  Start();
  const std::string id = SubmitOk("finish");
  EXPECT_EQ(WaitForEnd(id).terminal().state(), v1::TRAIN_JOB_STATE_SUCCEEDED);
  EXPECT_THAT(States(id), ElementsAre("QUEUED", "STARTING", "RUNNING", "SUCCEEDED"));
}

TEST_F(SupervisorTest, NumbersEventsOfTrainerAndSupervisorDensely) {
  Start();
  const std::string id = SubmitOk("finish");
  const auto events = EventsUntil(id, [](const auto& event) { return event.has_terminal(); });
  for (size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].sequence(), i + 1);
  EXPECT_EQ(events.back().terminal().last_sequence(), events.size());
}

TEST_F(SupervisorTest, ATrainerThatSaysNothingAndEndsWellHasSucceeded) {
  Start();
  EXPECT_EQ(WaitForEnd(SubmitOk("silent")).terminal().state(), v1::TRAIN_JOB_STATE_SUCCEEDED);
}

TEST_F(SupervisorTest, ReportsEveryFaultOfASpecAtOnceAndMakesNoJob) {
  Start();
  v1::TrainSpec spec = Spec("../etc");
  spec.set_batch_size(0);
  spec.set_image_size(33);
  const Info info = Submit(spec);
  EXPECT_TRUE(absl::IsInvalidArgument(info.status()));
  for (const char* field : {"data is \"../etc\"", "batch_size is 0", "image_size is 33"}) {
    EXPECT_THAT(std::string(info.status().message()), HasSubstr(field));
  }
  EXPECT_TRUE(supervisor_->table().List(10, "", {}).jobs.empty());
}

TEST_F(SupervisorTest, RefusesDataThatIsOfNoUseAndMakesNoJob) {
  options_.check_data = [](const v1::TrainSpec& spec, std::stop_token) {
    return absl::FailedPreconditionError(spec.data() + " is torn at byte offset 7");
  };
  Start();
  const Info info = Submit(Spec("finish"));
  EXPECT_TRUE(absl::IsFailedPrecondition(info.status()));
  EXPECT_THAT(std::string(info.status().message()), HasSubstr("finish is torn at byte offset 7"));
  EXPECT_TRUE(supervisor_->table().List(10, "", {}).jobs.empty());
}

TEST_F(SupervisorTest, AStopDoesNotWaitForACheckOfData) {
  std::promise<void> checking;
  options_.check_data = [&](const v1::TrainSpec&, std::stop_token stop) {
    std::promise<void> stopped;
    const std::stop_callback on_stop(stop, [&] { stopped.set_value(); });
    checking.set_value();
    stopped.get_future().wait();
    return absl::UnavailableError("stopped");
  };
  Start();
  v1::TrainJobRequest request;
  *request.mutable_spec() = Spec("finish");
  std::promise<Info> answer;
  supervisor_->Submit(request, [&](Info info) { answer.set_value(std::move(info)); });
  checking.get_future().wait();
  supervisor_->Close();
  EXPECT_TRUE(absl::IsUnavailable(answer.get_future().get().status()));
}

TEST_F(SupervisorTest, RefusesAPromotionThatNoModelRepositoryCouldTake) {
  Start();
  v1::TrainSpec spec = Spec("finish");
  spec.set_promote_to_model("shoes");
  const Info info = Submit(spec);
  EXPECT_TRUE(absl::IsFailedPrecondition(info.status()));
  EXPECT_THAT(std::string(info.status().message()), HasSubstr("promote_to_model is \"shoes\""));
  EXPECT_TRUE(supervisor_->table().List(10, "", {}).jobs.empty());
}

TEST_F(SupervisorTest, TheSameRequestIdIsTheSameJobAlsoForTheNextServer) {
  Start();
  const Info first = Submit(Spec("finish"), "mine");
  ASSERT_TRUE(first.ok()) << first.status();
  const Info again = Submit(Spec("finish"), "mine");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->id(), first->id());
  supervisor_.reset();
  Start();
  EXPECT_EQ(Submit(Spec("finish"), "mine")->id(), first->id());
  EXPECT_EQ(supervisor_->table().List(10, "", {}).jobs.size(), 1U);
}

TEST_F(SupervisorTest, TheSameRequestIdWithAnotherSpecIsAlreadyExists) {
  Start();
  ASSERT_TRUE(Submit(Spec("finish"), "mine").ok());
  v1::TrainSpec other = Spec("finish");
  other.set_seed(7);
  EXPECT_TRUE(absl::IsAlreadyExists(Submit(other, "mine").status()));
}

TEST_F(SupervisorTest, RunsAsManyAsItMayAndTheOthersInOrder) {
  Start();
  const std::string running = SubmitOk("wait");
  WaitForState(running, v1::TRAIN_JOB_STATE_RUNNING);
  std::vector<std::string> queued;
  for (int i = 0; i < 3; ++i) queued.push_back(SubmitOk("finish"));
  for (const std::string& id : queued) EXPECT_EQ(supervisor_->table().Get(id)->state(), v1::TRAIN_JOB_STATE_QUEUED);
  ASSERT_TRUE(Cancel(running).ok());
  int64_t last = 0;
  for (const std::string& id : queued) {
    const int64_t time = WaitForEnd(id).unix_time_ms();
    EXPECT_GE(time, last);
    last = time;
  }
}

TEST_F(SupervisorTest, RefusesMoreJobsThanMayBeQueuedOrKept) {
  options_.max_queued = 1;
  options_.max_jobs = 3;
  Start();
  const std::string running = SubmitOk("wait");
  WaitForState(running, v1::TRAIN_JOB_STATE_RUNNING);
  SubmitOk("finish");
  const Info refused = Submit(Spec("finish"));
  EXPECT_TRUE(absl::IsResourceExhausted(refused.status()));
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("the limit is 1"));
}

TEST_F(SupervisorTest, AResumedJobNeedsNoPlaceOfItsOwn) {
  options_.max_jobs = 2;
  Start();
  const std::string running = SubmitOk("wait");
  WaitForState(running, v1::TRAIN_JOB_STATE_RUNNING);
  const std::string paused = SubmitOk("finish");
  ASSERT_TRUE(Pause(paused).ok());
  const Info refused = Submit(Spec("finish"));
  EXPECT_TRUE(absl::IsResourceExhausted(refused.status()));
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("there are 2 jobs, the limit is 2"));
  EXPECT_TRUE(Resume(paused).ok());
}

TEST_F(SupervisorTest, AJobCancelledBeforeItsNextRestartIsNotStartedAgain) {
  options_.runner.restart_delay = options_.runner.max_restart_delay = std::chrono::hours(1);
  Start(fake_clock_);
  const std::string id = SubmitOk("crash");
  EventsUntil(id, [](const auto& event) { return absl::StrContains(event.state_change().message(), "restart 1"); });
  ASSERT_TRUE(Cancel(id).ok());
  fake_clock_.Advance(std::chrono::hours(2));
  ASSERT_TRUE(Submit(Spec("silent")).ok());  // so that the supervisor looks at the clock
  supervisor_.reset();                       // waits for every trainer
  const auto events = ReadEventLog(options_.jobs + "/" + id + "/events");
  ASSERT_TRUE(events.ok()) << events.status();
  EXPECT_TRUE(events->events.back().has_terminal());
  EXPECT_EQ(ReadWhole(options_.jobs + "/" + id + "/starts").size(), 1U);
}

TEST_F(SupervisorTest, PauseEndsTheProcessAndResumeGoesOn) {
  Start();
  const std::string id = SubmitOk("wait-once");
  WaitForState(id, v1::TRAIN_JOB_STATE_RUNNING);
  const Info paused = Pause(id);
  ASSERT_TRUE(paused.ok()) << paused.status();
  EXPECT_EQ(paused->state(), v1::TRAIN_JOB_STATE_PAUSED);
  EXPECT_EQ(paused->last_checkpoint().step(), 1U);
  ASSERT_TRUE(Resume(id).ok());
  WaitForEnd(id);
  EXPECT_THAT(States(id),
              ElementsAre("QUEUED", "STARTING", "RUNNING", "PAUSED", "QUEUED", "STARTING", "RUNNING", "SUCCEEDED"));
}

TEST_F(SupervisorTest, CancelGivesTheTrainerTimeForItsCheckpoint) {
  Start();
  const std::string id = SubmitOk("wait");
  WaitForState(id, v1::TRAIN_JOB_STATE_RUNNING);
  const Info cancelling = Cancel(id);
  ASSERT_TRUE(cancelling.ok()) << cancelling.status();
  const auto events = EventsUntil(id, [](const auto& event) { return event.has_terminal(); });
  EXPECT_EQ(events.back().terminal().state(), v1::TRAIN_JOB_STATE_CANCELLED);
  EXPECT_TRUE(events[events.size() - 2].has_checkpoint());
  EXPECT_TRUE(Cancel(id).ok()) << "cancelled already";
}

TEST_F(SupervisorTest, ATrainerThatIgnoresSigtermIsKilledAfterTheGrace) {
  options_.runner.stop_grace = std::chrono::milliseconds(10);
  Start();
  const std::string id = SubmitOk("ignore-sigterm");
  WaitForState(id, v1::TRAIN_JOB_STATE_RUNNING);
  ASSERT_TRUE(Pause(id).ok());
  EXPECT_THAT(supervisor_->table().Get(id)->message(), HasSubstr("signal 9"));
  ASSERT_TRUE(Resume(id).ok());
  WaitForState(id, v1::TRAIN_JOB_STATE_RUNNING);
  ASSERT_TRUE(Cancel(id).ok());
  EXPECT_EQ(WaitForEnd(id).terminal().state(), v1::TRAIN_JOB_STATE_CANCELLED);
}

TEST_F(SupervisorTest, ATrainerThatDiesIsStartedAgain) {
  Start();
  const std::string id = SubmitOk("crash-twice");
  EXPECT_EQ(WaitForEnd(id).terminal().state(), v1::TRAIN_JOB_STATE_SUCCEEDED);
  EXPECT_EQ(Starts(id), 3U);
  EXPECT_EQ(metrics_.restarts, 2);
}

TEST_F(SupervisorTest, AfterTooManyDeathsTheJobHasFailedWithSignalAndLastWords) {
  options_.runner.max_restarts = 2;
  Start();
  const std::string id = SubmitOk("crash");
  const v1::TrainTerminal end = WaitForEnd(id).terminal();
  EXPECT_EQ(end.state(), v1::TRAIN_JOB_STATE_FAILED);
  EXPECT_THAT(end.message(), HasSubstr("signal 6 (Aborted) after 2 restarts"));
  EXPECT_THAT(end.message(), HasSubstr("boom"));
  EXPECT_EQ(Starts(id), 3U);
}

TEST_F(SupervisorTest, DeathsWithANewCheckpointInBetweenDoNotCountTogether) {
  options_.runner.max_restarts = 2;
  Start();
  const std::string id = SubmitOk("crash-with-progress");
  EXPECT_EQ(WaitForEnd(id).terminal().state(), v1::TRAIN_JOB_STATE_SUCCEEDED);
  EXPECT_EQ(Starts(id), 8U);
}

TEST_F(SupervisorTest, WhatNoAttemptCanMendIsNotTriedAgain) {
  Start();
  const std::string id = SubmitOk("bad-data");
  const v1::TrainTerminal end = WaitForEnd(id).terminal();
  EXPECT_EQ(end.state(), v1::TRAIN_JOB_STATE_FAILED);
  EXPECT_THAT(end.message(), HasSubstr("the data is bad"));
  EXPECT_EQ(Starts(id), 1U);
}

TEST_F(SupervisorTest, LastWordsThatAreNotUtf8AreToldAndKept) {
  Start();
  const std::string id = SubmitOk("latin-1");
  EXPECT_THAT(WaitForEnd(id).terminal().message(), HasSubstr("caf\xef\xbf\xbd is no class"));
  supervisor_->Close();  // what was written is in the table too
  EXPECT_THAT(supervisor_->table().Get(id)->message(), HasSubstr("caf\xef\xbf\xbd is no class"));
  EXPECT_EQ(States(id).back(), "FAILED");
}

TEST_F(SupervisorTest, AFullDiskPausesTheJob) {
  Start();
  const std::string id = SubmitOk("full-disk-once");
  const auto events =
      EventsUntil(id, [](const auto& event) { return event.state_change().state() == v1::TRAIN_JOB_STATE_PAUSED; });
  EXPECT_THAT(events.back().state_change().message(), HasSubstr("out of disk"));
  ASSERT_TRUE(Resume(id).ok());
  EXPECT_EQ(WaitForEnd(id).terminal().state(), v1::TRAIN_JOB_STATE_SUCCEEDED);
}

TEST_F(SupervisorTest, ATrainerThatCannotBeStartedFailsTheJobNamingIt) {
  options_.runner.trainer = folder_.File("nothing");
  options_.runner.max_restarts = 1;
  Start();
  const v1::TrainTerminal end = WaitForEnd(SubmitOk("finish")).terminal();
  EXPECT_EQ(end.state(), v1::TRAIN_JOB_STATE_FAILED);
  EXPECT_THAT(end.message(), HasSubstr(folder_.File("nothing") + ": cannot start"));
}

TEST_F(SupervisorTest, GarbageAfterTheLastEventIsCutOff) {
  Start();
  const std::string id = SubmitOk("garbage");
  EXPECT_EQ(WaitForEnd(id).terminal().state(), v1::TRAIN_JOB_STATE_SUCCEEDED);
  EXPECT_FALSE(ReadEventLog(supervisor_->JobPath(id) + "/events")->torn);
}

TEST_F(SupervisorTest, OnlyTheLastWordsOfATalkativeTrainerAreKept) {
  Start();
  const v1::TrainTerminal end = WaitForEnd(SubmitOk("chatty")).terminal();
  EXPECT_THAT(end.message(), HasSubstr("the last line"));
  EXPECT_LT(end.message().size(), 10'000U);
}

TEST_F(SupervisorTest, IllegalChangesNameTheState) {
  Start();
  const std::string id = SubmitOk("finish");
  WaitForEnd(id);
  for (const Info& info : {Cancel(id), Pause(id), Resume(id)}) {
    EXPECT_TRUE(absl::IsFailedPrecondition(info.status())) << info.status();
    EXPECT_THAT(std::string(info.status().message()), HasSubstr("is SUCCEEDED"));
  }
  const std::string running = SubmitOk("wait");
  EXPECT_TRUE(absl::IsFailedPrecondition(Delete(running).status()));
  EXPECT_TRUE(absl::IsNotFound(Cancel("nobody").status()));
}

TEST_F(SupervisorTest, ADeletedJobLeavesNothing) {
  Start();
  const std::string id = SubmitOk("finish");
  WaitForEnd(id);
  EXPECT_EQ(metrics_.jobs().count(id), 1U);
  ASSERT_TRUE(Delete(id).ok());
  EXPECT_TRUE(absl::IsNotFound(supervisor_->table().Get(id).status()));
  EXPECT_FALSE(std::filesystem::exists(supervisor_->JobPath(id)));
  EXPECT_EQ(metrics_.jobs().count(id), 0U);
}

TEST_F(SupervisorTest, ListsTheNewestFirstByPageAndState) {
  Start();
  std::set<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    ids.insert(SubmitOk("finish"));
    WaitForEnd(*ids.begin());
  }
  for (const std::string& id : ids) WaitForEnd(id);
  std::vector<std::string> listed;
  std::string before;
  while (true) {
    const JobTable::Page page = supervisor_->table().List(2, before, {});
    for (const auto& info : page.jobs) listed.push_back(info.id());
    if (page.last) break;
    before = listed.back();
  }
  EXPECT_THAT(listed, ::testing::ElementsAreArray(ids.rbegin(), ids.rend()));
  EXPECT_TRUE(supervisor_->table().List(10, "", {v1::TRAIN_JOB_STATE_FAILED}).jobs.empty());
}

TEST_F(SupervisorTest, CountsJobsByState) {
  Start();
  WaitForEnd(SubmitOk("finish"));
  const std::string running = SubmitOk("wait");
  WaitForState(running, v1::TRAIN_JOB_STATE_RUNNING);
  ASSERT_TRUE(Pause(running).ok());
  EXPECT_EQ(metrics_.by_state().at("SUCCEEDED"), 1U);
  EXPECT_EQ(metrics_.by_state().at("RUNNING"), 0U);
  EXPECT_GE(metrics_.checkpoints, 1);
}

}  // namespace
}  // namespace ganserve
