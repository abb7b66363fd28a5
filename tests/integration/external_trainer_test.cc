// Trainers that the server does not start: the real ganserve-trainer as a process of its own, as in another pod.
#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/training_client.h"
#include "tests/integration/trainer_process.h"
#include "tests/support/server_process.h"

namespace ganserve {
namespace {

using client::TrainingClient;
using client::TrainStream;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ExternalTrainerTest : public ::testing::Test {
 protected:
  std::vector<std::string> ServerArguments() const {
    return {"--jobs", jobs_folder(), "--data-root", data_.data_root(), "--external-trainers", "on"};
  }
  std::string jobs_folder() const { return data_.folder().File("jobs"); }
  std::string JobPath(const std::string& id) const { return absl::StrCat(jobs_folder(), "/", id); }

  static std::unique_ptr<TrainingClient> ClientOf(const ServerProcess& server) {
    client::ClientOptions options;
    options.server = server.address();
    options.share_connections = false;
    auto made = TrainingClient::Create(options);
    EXPECT_TRUE(made.ok()) << made.status();
    return *std::move(made);
  }

  std::unique_ptr<TrainerRun> Work(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"work", "--jobs", jobs_folder(), "--data-root", data_.data_root()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return std::make_unique<TrainerRun>(arguments, data_.errors_file());
  }

  // Reads to the first event for which `is_last` holds.
  template <typename IsLast>
  static v1::TrainEvent ReadUntil(TrainStream& stream, IsLast is_last) {
    v1::TrainEvent event;
    while (stream.Next(&event)) {
      if (is_last(event)) return event;
    }
    ADD_FAILURE() << "the stream ended before: " << stream.Finish();
    return event;
  }
  static v1::TrainEvent ReadUntilState(TrainStream& stream, v1::TrainJobState state) {
    return ReadUntil(stream, [state](const auto& event) { return event.state_change().state() == state; });
  }
  static v1::TrainEvent ReadUntilCheckpoint(TrainStream& stream) {
    return ReadUntil(stream, [](const auto& event) { return event.has_checkpoint(); });
  }
  static v1::TrainEvent ReadToTheEnd(TrainStream& stream) {
    return ReadUntil(stream, [](const auto& event) { return event.has_terminal(); });
  }

  // A job of the spec, as its first event has reached its watcher.
  std::unique_ptr<TrainStream> Submit(TrainingClient& client, const v1::TrainSpec& spec) {
    v1::TrainJobRequest request;
    *request.mutable_spec() = spec;
    auto stream = client.Train(request);
    ReadUntilState(*stream, v1::TRAIN_JOB_STATE_QUEUED);
    return stream;
  }

  // What a run to which nothing happened exports.
  std::string WholeWeights() {
    const std::string whole = data_.Create("whole", TrainerJobs::LongSpec());
    EXPECT_EQ(data_.Run(whole), kFinished) << data_.errors();
    return Weights(whole);
  }
  static std::string Weights(const std::string& job) { return ReadWhole(job + "/exports/200/model.pt"); }

  TrainerJobs data_;
};

TEST_F(ExternalTrainerTest, EveryTrainerTakesAJobOfItsOwnAndTheStreamsHaveAllThatTheyWrite) {
  const ServerProcess server(ServerArguments());
  const auto client = ClientOf(server);
  const auto early = Work({"--wait"});
  early->ReadLines(1);
  EXPECT_THAT(early->output(), HasSubstr("No job waits in"));
  const auto first = Submit(*client, TrainerJobs::Spec());
  const auto second = Submit(*client, TrainerJobs::Spec());
  const auto late = Work();
  auto early_end = std::async(std::launch::async, [&] { return early->Wait(); });
  EXPECT_EQ(late->Wait(), kFinished) << data_.errors();
  for (const auto& stream : {first.get(), second.get()}) {
    EXPECT_EQ(ReadToTheEnd(*stream).terminal().state(), v1::TRAIN_JOB_STATE_SUCCEEDED);
    const auto events = Events(JobPath(stream->job_id()));
    for (size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].sequence(), i + 1);
    EXPECT_TRUE(events.back().has_terminal());
    EXPECT_THAT(States(JobPath(stream->job_id())),
                ElementsAre(v1::TRAIN_JOB_STATE_QUEUED, v1::TRAIN_JOB_STATE_STARTING, v1::TRAIN_JOB_STATE_RUNNING,
                            v1::TRAIN_JOB_STATE_SUCCEEDED));
  }
  EXPECT_EQ(early_end.get(), kFinished);
}

TEST_F(ExternalTrainerTest, AJobWhoseTrainerIsKilledOrStoppedGoesOnWithTheNextAndEndsLikeOneThatWasNot) {
  const std::string whole = WholeWeights();
  const ServerProcess server(ServerArguments());
  const auto client = ClientOf(server);
  const auto stream = Submit(*client, TrainerJobs::LongSpec());
  const std::string job = JobPath(stream->job_id());
  {
    const auto killed = Work();
    ReadUntilCheckpoint(*stream);
    EXPECT_EQ(data_.Run(job), kError) << "the job has a trainer";
    killed->Signal(SIGKILL);
    EXPECT_EQ(killed->Wait(), -SIGKILL);
    const auto queued = ReadUntilState(*stream, v1::TRAIN_JOB_STATE_QUEUED);
    EXPECT_THAT(queued.state_change().message(), HasSubstr("restart 1 of 5"));
  }
  {
    const auto stopped = Work();
    ReadUntilState(*stream, v1::TRAIN_JOB_STATE_RUNNING);
    stopped->Signal(SIGTERM);
    EXPECT_EQ(stopped->Wait(), kStopped) << data_.errors();
    const auto queued = ReadUntilState(*stream, v1::TRAIN_JOB_STATE_QUEUED);
    EXPECT_EQ(queued.state_change().message(), "trainer ended: stopped by a signal");
  }
  EXPECT_EQ(data_.Run(job), kFinished) << data_.errors();
  EXPECT_EQ(ReadToTheEnd(*stream).terminal().state(), v1::TRAIN_JOB_STATE_SUCCEEDED);
  EXPECT_TRUE(Weights(job) == whole) << "other weights";
}

TEST_F(ExternalTrainerTest, ACancelledJobsTrainerWritesACheckpointAndEnds) {
  const ServerProcess server(ServerArguments());
  const auto client = ClientOf(server);
  const auto stream = Submit(*client, TrainerJobs::LongSpec());
  const auto trainer = Work();
  ReadUntilCheckpoint(*stream);
  const auto cancelling = client->Cancel(stream->job_id());
  ASSERT_TRUE(cancelling.ok()) << cancelling.status();
  EXPECT_EQ(cancelling->state(), v1::TRAIN_JOB_STATE_CANCELLING);
  EXPECT_EQ(trainer->Wait(), kStopped) << data_.errors();
  EXPECT_EQ(ReadToTheEnd(*stream).terminal().state(), v1::TRAIN_JOB_STATE_CANCELLED);
  const auto events = Events(JobPath(stream->job_id()));
  EXPECT_TRUE(events.back().has_terminal()) << "nothing follows it";
  const v1::TrainEvent& end = events[events.size() - 2];
  EXPECT_EQ(end.trainer_end().exit_code(), kStopped);
  const auto checkpoint =
      std::find_if(events.rbegin(), events.rend(), [](const auto& event) { return event.has_checkpoint(); });
  EXPECT_EQ(checkpoint->step(), end.step());
  EXPECT_EQ(data_.Run(JobPath(stream->job_id())), kPermanentError);
}

TEST_F(ExternalTrainerTest, APausedJobHasNoTrainerUntilItIsResumed) {
  const ServerProcess server(ServerArguments());
  const auto client = ClientOf(server);
  const auto stream = Submit(*client, TrainerJobs::LongSpec());
  const std::string id = stream->job_id();
  const auto trainer = Work();
  ReadUntilCheckpoint(*stream);
  auto pause = std::async(std::launch::async, [&] { return ClientOf(server)->Pause(id); });
  ReadUntilState(*stream, v1::TRAIN_JOB_STATE_PAUSED);
  EXPECT_EQ(trainer->Wait(), kStopped) << data_.errors();
  const auto paused = pause.get();
  ASSERT_TRUE(paused.ok()) << paused.status();
  EXPECT_EQ(paused->last_checkpoint().step(), Events(JobPath(id)).back().step());
  EXPECT_EQ(data_.Run(JobPath(id)), kStopped);
  const auto idle = Work();
  EXPECT_EQ(idle->Wait(), kFinished);
  EXPECT_THAT(idle->output(), HasSubstr("No job waits"));
  ASSERT_TRUE(client->Resume(id).ok());
  EXPECT_EQ(Work()->Wait(), kFinished);
  EXPECT_EQ(ReadToTheEnd(*stream).terminal().state(), v1::TRAIN_JOB_STATE_SUCCEEDED);
}

TEST_F(ExternalTrainerTest, ATrainerOutlivesTheServerAndTheNextServerFollowsIt) {
  std::string id;
  std::unique_ptr<TrainerRun> trainer;
  {
    ServerProcess server(ServerArguments());
    const auto client = ClientOf(server);
    const auto stream = Submit(*client, TrainerJobs::LongSpec());
    id = stream->job_id();
    trainer = Work();
    ReadUntilCheckpoint(*stream);
    server.Signal(SIGTERM);
    EXPECT_EQ(server.Wait(), 0);
  }
  const ServerProcess server(ServerArguments());
  const auto stream = ClientOf(server)->Watch(id, 0);
  EXPECT_EQ(trainer->Wait(), kFinished) << data_.errors();
  EXPECT_EQ(ReadToTheEnd(*stream).terminal().state(), v1::TRAIN_JOB_STATE_SUCCEEDED);
  EXPECT_THAT(States(JobPath(id)), ElementsAre(v1::TRAIN_JOB_STATE_QUEUED, v1::TRAIN_JOB_STATE_STARTING,
                                               v1::TRAIN_JOB_STATE_RUNNING, v1::TRAIN_JOB_STATE_SUCCEEDED));
}

TEST_F(ExternalTrainerTest, ATrainerThatWaitsEndsWithASignal) {
  std::filesystem::create_directories(jobs_folder());
  const auto trainer = Work({"--wait"});
  trainer->ReadLines(1);
  trainer->Signal(SIGTERM);
  EXPECT_EQ(trainer->Wait(), kStopped);
}

}  // namespace
}  // namespace ganserve
