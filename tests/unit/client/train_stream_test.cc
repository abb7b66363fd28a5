#include "client/train_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "client/training_client.h"
#include "tests/unit/client/fake_training_service.h"

namespace ganserve::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

grpc::Status Unavailable() { return {grpc::StatusCode::UNAVAILABLE, "stopping"}; }

class TrainStreamTest : public testing::Test {
 protected:
  TrainStreamTest() {
    ClientOptions options;
    options.server = server_.address();
    options.retry.max_attempts = 2;
    options.retry.jitter = 0;
    options.retry.wait = [this](std::chrono::nanoseconds delay, std::stop_token) {
      waits_.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(delay).count());
      return true;
    };
    client_ = TrainingClient::Create(options).value();
  }

  // Five events, the last one terminal.
  void WriteWholeJob() {
    service().Append(StateEvent(v1::TRAIN_JOB_STATE_QUEUED));
    for (uint64_t step : {100, 200, 300}) service().Append(LossEvent(step, 0.5, 1));
    service().Append(TerminalEvent(v1::TRAIN_JOB_STATE_SUCCEEDED, "done"));
  }

  // Reads to the end; the sequences.
  static std::vector<uint64_t> ReadAll(TrainStream& stream) {
    std::vector<uint64_t> sequences;
    v1::TrainEvent event;
    while (stream.Next(&event)) sequences.push_back(event.sequence());
    return sequences;
  }

  FakeTrainingService& service() { return server_.training(); }

  FakeTrainingServer server_;
  std::vector<int64_t> waits_;
  std::unique_ptr<TrainingClient> client_;
};

TEST_F(TrainStreamTest, GivesAllEventsAndEndsAfterTheTerminalOne) {
  WriteWholeJob();
  const auto stream = client_->Train({});
  EXPECT_THAT(ReadAll(*stream), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(stream->job_id(), "j1");
  ASSERT_TRUE(stream->terminal());
  EXPECT_EQ(stream->terminal()->state(), v1::TRAIN_JOB_STATE_SUCCEEDED);
  EXPECT_EQ(service().streams().size(), 1u);
}

TEST_F(TrainStreamTest, GoesOnAfterTheLastEventWhenTheConnectionBreaks) {
  WriteWholeJob();
  service().EndStreams({{2, Unavailable()}, {1, Unavailable()}});
  const auto stream = client_->Train({});
  EXPECT_THAT(ReadAll(*stream), ElementsAre(1, 2, 3, 4, 5));
  const std::vector<SeenStream> seen = service().streams();
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].job_id, "");
  EXPECT_EQ(seen[1].job_id, "j1");
  EXPECT_EQ(seen[1].after_sequence, 2u);
  EXPECT_EQ(seen[2].after_sequence, 3u);
}

TEST_F(TrainStreamTest, GoesOnWhenTheServerEndsTheStreamBeforeTheJob) {
  WriteWholeJob();
  service().EndStreams({{3, grpc::Status::OK}});
  const auto stream = client_->Watch("j1", 0);
  EXPECT_THAT(ReadAll(*stream), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(service().streams().at(1).after_sequence, 3u);
}

TEST_F(TrainStreamTest, EndsWellWhenThereIsNothingAfterTheLastEvent) {
  WriteWholeJob();
  service().EndStreams({{0, grpc::Status::OK}});
  const auto stream = client_->Watch("j1", 5);
  EXPECT_TRUE(ReadAll(*stream).empty());
  EXPECT_TRUE(stream->Finish().ok()) << stream->Finish();
  EXPECT_FALSE(stream->terminal());
  EXPECT_EQ(service().streams().size(), 1u);
}

TEST_F(TrainStreamTest, AttachesWithTheSameRequestIdWhenTheFirstAnswerIsLost) {
  WriteWholeJob();
  service().EndStreams({{0, Unavailable()}});
  const auto stream = client_->Train({});
  EXPECT_EQ(ReadAll(*stream).size(), 5u);
  const std::vector<SeenStream> seen = service().streams();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].request_id.size(), 32u);
  EXPECT_EQ(seen[1].request_id, seen[0].request_id);
  EXPECT_EQ(stream->request_id(), seen[0].request_id);
}

TEST_F(TrainStreamTest, MayHaveStartedAJobOnceARequestWasSent) {
  service().EndStreams({{0, Unavailable()}, {0, Unavailable()}});
  const auto stream = client_->Train({});
  EXPECT_FALSE(stream->may_have_started());
  EXPECT_TRUE(ReadAll(*stream).empty());
  EXPECT_TRUE(stream->may_have_started());
}

TEST_F(TrainStreamTest, CannotHaveStartedAJobWithoutAConnection) {
  for (const char* server : {"127.0.0.1:1", "unix:/nowhere/socket"}) {
    const auto nobody = TrainingClient::Create({.server = server, .retry = {.max_attempts = 1}}).value();
    const auto stream = nobody->Train({});
    EXPECT_TRUE(ReadAll(*stream).empty());
    EXPECT_FALSE(stream->may_have_started()) << stream->Finish();
  }
}

TEST_F(TrainStreamTest, EachJobHasARequestIdOfItsOwn) {
  EXPECT_NE(client_->Train({})->request_id(), client_->Train({})->request_id());
  v1::TrainJobRequest request;
  request.set_request_id("mine");
  EXPECT_EQ(client_->Train(request)->request_id(), "mine");
}

TEST_F(TrainStreamTest, GivesUpAtOnceWhenNothingEverCameAndMuchLaterWhenSomethingDid) {
  service().Append(StateEvent(v1::TRAIN_JOB_STATE_QUEUED));
  service().EndStreams(std::vector<StreamEnd>(2, {0, Unavailable()}));
  EXPECT_EQ(ReadAll(*client_->Watch("j1", 0)).size(), 0u);
  EXPECT_EQ(service().streams().size(), 2u);

  std::vector<StreamEnd> ends(120, {0, Unavailable()});
  ends.insert(ends.begin(), {1, Unavailable()});
  service().EndStreams(ends);
  const auto stream = client_->Watch("j1", 0);
  EXPECT_THAT(ReadAll(*stream), ElementsAre(1));
  EXPECT_EQ(stream->Finish().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(service().streams().size(), 2u + 120u);
}

TEST_F(TrainStreamTest, WaitsLongerEachTimeAndAnewAfterAnEvent) {
  WriteWholeJob();
  service().EndStreams({{1, Unavailable()}, {0, Unavailable()}, {0, Unavailable()}, {1, Unavailable()}});
  ReadAll(*client_->Watch("j1", 0));
  EXPECT_THAT(waits_, ElementsAre(100, 200, 400, 100));
}

TEST_F(TrainStreamTest, TellsOnceOfEachBreakOfAStreamThatHadEvents) {
  WriteWholeJob();
  service().EndStreams({{0, Unavailable()}, {2, Unavailable()}, {0, Unavailable()}, {1, grpc::Status::OK}});
  const auto stream = client_->Watch("j1", 0);
  std::vector<uint64_t> breaks;
  stream->OnBreak([&] { breaks.push_back(stream->last_sequence()); });
  EXPECT_EQ(ReadAll(*stream).size(), 5u);
  EXPECT_THAT(breaks, ElementsAre(2, 3));
}

TEST_F(TrainStreamTest, TellsOfNoBreakWhenThereIsToBeNoOtherAttempt) {
  WriteWholeJob();
  service().EndStreams({{2, {grpc::StatusCode::NOT_FOUND, "there is no job \"j1\""}}});
  const auto stream = client_->Watch("j1", 0);
  stream->OnBreak([] { FAIL(); });
  EXPECT_THAT(ReadAll(*stream), ElementsAre(1, 2));
}

TEST_F(TrainStreamTest, PassesGapMarkersOnAndGoesOnBehindThem) {
  v1::TrainEvent gap;
  gap.mutable_gap()->set_first_sequence(2);
  gap.mutable_gap()->set_last_sequence(6);
  service().Append(StateEvent(v1::TRAIN_JOB_STATE_RUNNING));
  service().AppendAs(6, gap);
  service().Append(TerminalEvent(v1::TRAIN_JOB_STATE_FAILED));
  service().EndStreams({{2, Unavailable()}});
  const auto stream = client_->Watch("j1", 0);
  EXPECT_THAT(ReadAll(*stream), ElementsAre(1, 6, 7));
  EXPECT_EQ(service().streams().at(1).after_sequence, 6u);
}

TEST_F(TrainStreamTest, GivesNoEventTwice) {
  service().Append(StateEvent(v1::TRAIN_JOB_STATE_RUNNING));
  service().AppendAs(2, LossEvent(1, 1, 1));
  service().AppendAs(2, LossEvent(1, 1, 1));
  service().AppendAs(1, StateEvent(v1::TRAIN_JOB_STATE_RUNNING));
  service().AppendAs(3, TerminalEvent(v1::TRAIN_JOB_STATE_SUCCEEDED));
  EXPECT_THAT(ReadAll(*client_->Watch("j1", 0)), ElementsAre(1, 2, 3));
}

TEST_F(TrainStreamTest, RefusesAHoleInTheSequence) {
  service().Append(StateEvent(v1::TRAIN_JOB_STATE_RUNNING));
  service().AppendAs(3, LossEvent(1, 1, 1));
  const auto stream = client_->Watch("j1", 0);
  EXPECT_THAT(ReadAll(*stream), ElementsAre(1));
  EXPECT_EQ(stream->Finish().code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(stream->Finish().message()), HasSubstr("sent event 3 where event 2 was due"));
}

TEST_F(TrainStreamTest, EndsWithARefusal) {
  service().EndStreams({{0, {grpc::StatusCode::NOT_FOUND, "there is no job \"x\""}}});
  const auto stream = client_->Watch("x", 0);
  EXPECT_TRUE(ReadAll(*stream).empty());
  EXPECT_EQ(stream->Finish().code(), absl::StatusCode::kNotFound);
}

TEST_F(TrainStreamTest, StopsFollowingWhenAskedTo) {
  service().Append(StateEvent(v1::TRAIN_JOB_STATE_RUNNING));
  std::stop_source stop;
  const auto stream = client_->Watch("j1", 0, {.stop = stop.get_token()});
  v1::TrainEvent event;
  ASSERT_TRUE(stream->Next(&event));
  stop.request_stop();
  EXPECT_FALSE(stream->Next(&event));
  EXPECT_EQ(stream->Finish().code(), absl::StatusCode::kCancelled);
  EXPECT_FALSE(stream->terminal());
}

TEST_F(TrainStreamTest, WhatMayHaveBeenDoneIsNotDoneAgain) {
  service().Answer(Unavailable());
  EXPECT_FALSE(client_->Pause("j1").ok());
  EXPECT_FALSE(client_->Resume("j1").ok());
  EXPECT_FALSE(client_->Delete("j1").ok());
  EXPECT_THAT(service().calls(), ElementsAre("pause j1", "resume j1", "delete j1"));
  EXPECT_FALSE(client_->Cancel("j1").ok());
  EXPECT_EQ(service().calls().size(), 5u);
}

}  // namespace
}  // namespace ganserve::client
