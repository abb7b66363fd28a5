// Training through the server's API, with the real trainer: server, trainer and client are killed and come back.
#include <gmock/gmock.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/image_client.h"
#include "client/model_client.h"
#include "client/training_client.h"
#include "tests/integration/trainer_process.h"
#include "tests/support/server_process.h"

namespace ganserve {
namespace {

namespace fs = std::filesystem;
using client::ModelClient;
using client::TrainingClient;
using client::TrainStream;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr uint64_t kSteps = 60;  // of TrainerJobs::Spec

class TrainJobTest : public ::testing::Test {
 protected:
  // Trainers do not stand back: whatever else runs on the machine would starve them.
  std::vector<std::string> Arguments(const std::string& jobs) const {
    return {"--jobs", data_.folder().File(jobs), "--data-root", data_.data_root(), "--trainer-niceness", "0"};
  }

  static client::ClientOptions OptionsFor(const ServerProcess& server) {
    client::ClientOptions options;
    options.server = server.address();
    options.share_connections = false;  // a connection to a server that was killed waits before it tries again
    return options;
  }
  static std::unique_ptr<TrainingClient> ClientOf(const ServerProcess& server) {
    auto made = TrainingClient::Create(OptionsFor(server));
    EXPECT_TRUE(made.ok()) << made.status();
    return *std::move(made);
  }
  static v1::TrainJobRequest Request(const std::string& request_id) {
    v1::TrainJobRequest request;
    *request.mutable_spec() = TrainerJobs::Spec();
    request.set_request_id(request_id);
    return request;
  }

  // Of an image that was asked for without naming a model.
  static v1::GenerationInfo ServedByDefault(const ServerProcess& server) {
    const auto images = client::ImageClient::Create(OptionsFor(server));
    EXPECT_TRUE(images.ok()) << images.status();
    if (!images.ok()) return {};
    v1::GenerateRequest generate;
    generate.set_count(1);
    const auto image = (*images)->Generate(generate);
    EXPECT_TRUE(image.ok()) << image.status();
    return image.ok() ? image->response.info() : v1::GenerationInfo();
  }

  // All events from now to the end, good or bad.
  static std::vector<v1::TrainEvent> ReadAllQuietly(TrainStream& stream) {
    std::vector<v1::TrainEvent> events;
    for (v1::TrainEvent event; stream.Next(&event);) events.push_back(event);
    return events;
  }
  // The same for a stream that is to end well.
  static std::vector<v1::TrainEvent> ReadAll(TrainStream& stream) {
    std::vector<v1::TrainEvent> events = ReadAllQuietly(stream);
    EXPECT_TRUE(stream.Finish().ok());
    return events;
  }
  // Trains the job to its end and returns its directory.
  std::string TrainWhole(const std::string& jobs) const {
    const ServerProcess server(Arguments(jobs));
    const auto stream = ClientOf(server)->Train(Request("mine"));
    const auto events = ReadAll(*stream);
    EXPECT_EQ(stream->terminal()->state(), v1::TRAIN_JOB_STATE_SUCCEEDED) << stream->terminal()->message();
    return absl::StrCat(data_.folder().File(jobs), "/", stream->job_id());
  }
  // Each with what a resumed run must repeat.
  static std::vector<std::string> Losses(const std::vector<v1::TrainEvent>& events) {
    std::vector<std::string> losses;
    for (v1::TrainEvent event : events) {
      if (!event.has_losses()) continue;
      event.mutable_losses()->clear_images_per_second();
      event.mutable_losses()->clear_eta_seconds();
      losses.push_back(absl::StrCat(event.step(), ": ", event.losses().SerializeAsString()));
    }
    return losses;
  }
  static std::string Weights(const std::string& job) {
    return ReadWhole(absl::StrCat(job, "/exports/", kSteps, "/model.pt"));
  }
  // The trainer of the last "trainer started" line.
  static pid_t TrainerOf(const ServerProcess& server) {
    pid_t pid = 0;
    for (const std::string& line : server.log()) {
      const size_t at = line.find("\"pid\":");
      if (line.find("trainer started") != std::string::npos && at != std::string::npos)
        pid = std::stoi(line.substr(at + 6));
    }
    return pid;
  }

  static void KillTrainerOf(const ServerProcess& server) {
    const pid_t pid = TrainerOf(server);
    if (pid > 0) ::kill(pid, SIGKILL);  // kill(0) would be for all of us
  }

  const TrainerJobs data_;
};

// The moments are random on purpose, some events after each start, and whatever they hit must hold.
TEST_F(TrainJobTest, AJobWhoseServerAndTrainerAreKilledAgainAndAgainEndsLikeOneThatWasNot) {
  const std::string whole = TrainWhole("whole");
  std::mt19937 random(5);
  std::vector<v1::TrainEvent> events;
  std::string id;
  for (int kills = 0; id.empty() || events.empty() || !events.back().has_terminal(); ++kills) {
    ServerProcess server(Arguments("killed"));
    ASSERT_TRUE(server.ready());
    const auto client = ClientOf(server);
    const auto stream = id.empty() ? client->Train(Request("mine")) : client->Watch(id, events.size());
    const size_t until = kills < 8 ? events.size() + 1 + random() % 40 : SIZE_MAX;
    v1::TrainEvent event;
    while (events.size() < until && stream->Next(&event)) {
      events.push_back(event);
      EXPECT_EQ(event.sequence(), events.size()) << "no event twice, none left out";
      if (!event.job_id().empty()) id = event.job_id();
      // Every third time it is the trainer that goes first.
      if (kills % 3 == 2 && events.size() + 5 == until) KillTrainerOf(server);
    }
    server.Signal(SIGKILL);
    server.Wait();
  }
  EXPECT_EQ(events.back().terminal().state(), v1::TRAIN_JOB_STATE_SUCCEEDED) << events.back().terminal().message();
  const std::string job = absl::StrCat(data_.folder().File("killed"), "/", id);
  EXPECT_TRUE(Weights(job) == Weights(whole)) << "other weights";
  const ServerProcess server(Arguments("whole"));
  const auto stream = ClientOf(server)->Watch(fs::path(whole).filename().string(), 0);
  EXPECT_EQ(Losses(events), Losses(ReadAll(*stream)));
}

TEST_F(TrainJobTest, ManyWatchersSeeTheSameAndOneWhoLeavesStopsNothing) {
  const ServerProcess server(Arguments("jobs"));
  const auto client = ClientOf(server);
  std::string id;
  {
    const auto stream = client->Train(Request("mine"));
    v1::TrainEvent event;
    ASSERT_TRUE(stream->Next(&event));
    id = event.job_id();
  }
  const auto first = ReadAll(*client->Watch(id, 0));
  const auto second = ReadAll(*client->Watch(id, 3));
  EXPECT_TRUE(ReadAll(*client->Watch(id, first.back().sequence())).empty());
  ASSERT_THAT(second, SizeIs(first.size() - 3));
  for (size_t i = 0; i < second.size(); ++i) EXPECT_EQ(second[i].sequence(), first[i + 3].sequence());
  EXPECT_TRUE(first.back().has_terminal());
  size_t pictures = 0;
  for (const v1::TrainEvent& event : first) pictures += event.sample().png().starts_with("\x89PNG") ? 1 : 0;
  EXPECT_GE(pictures, 2U);
  // The end is in the history before it is in the figures; this goes through the supervisor and so comes after both.
  EXPECT_TRUE(absl::IsFailedPrecondition(client->Pause(id).status()));
  const auto info = client->Get(id);
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->step(), kSteps);
  EXPECT_EQ(info->last_checkpoint().sha256().size(), 64U);
  EXPECT_EQ(server.Metric("ganserve_train_jobs{state=\"succeeded\"}"), 1);
  ASSERT_TRUE(client->Delete(id).ok());
  EXPECT_EQ(server.Metrics().count(absl::StrCat("ganserve_train_steps{job_id=\"", id, "\"}")), 0U);
}

TEST_F(TrainJobTest, APausedJobGoesOnWhereItWas) {
  const std::string whole = TrainWhole("whole");
  const ServerProcess server(Arguments("jobs"));
  const auto client = ClientOf(server);
  // A job may have ended before it is paused; not each of ten.
  bool paused = false;
  for (int job = 0; job < 10 && !paused; ++job) {
    const auto stream = client->Train(Request(absl::StrCat("job", job)));
    v1::TrainEvent event;
    while (stream->Next(&event) && !event.has_checkpoint()) {
    }
    const auto info = client->Pause(stream->job_id());
    if (!info.ok()) continue;
    paused = true;
    EXPECT_EQ(info->state(), v1::TRAIN_JOB_STATE_PAUSED);
    ASSERT_TRUE(client->Resume(stream->job_id()).ok());
    ReadAll(*stream);
    EXPECT_EQ(stream->terminal()->state(), v1::TRAIN_JOB_STATE_SUCCEEDED);
    EXPECT_TRUE(Weights(absl::StrCat(data_.folder().File("jobs"), "/", stream->job_id())) == Weights(whole));
  }
  EXPECT_TRUE(paused);
}

TEST_F(TrainJobTest, AJobIsPromotedAndServed) {
  const std::string models = data_.folder().File("models");
  fs::create_directories(models + "/squares");
  fs::copy(GANSERVE_SOURCE_DIR "/models/fashion-mnist/2", models + "/squares/1", fs::copy_options::recursive);
  std::vector<std::string> arguments = Arguments("jobs");
  arguments.insert(arguments.end(), {"--models", models});
  const ServerProcess server(arguments);
  v1::TrainJobRequest request = Request("mine");
  request.mutable_spec()->set_promote_to_model("squares");
  request.mutable_spec()->set_kept_checkpoints(100);
  const auto stream = ClientOf(server)->Train(request);
  ReadAll(*stream);
  EXPECT_EQ(stream->terminal()->message(), "promoted to version 2 of model squares");
  const auto model_client = ModelClient::Create(OptionsFor(server));
  ASSERT_TRUE(model_client.ok()) << model_client.status();
  v1::PromoteTrainJobRequest promote;
  promote.set_job_id(stream->job_id());
  promote.set_model("squares");
  promote.set_checkpoint_step(20);
  const auto version = (*model_client)->Promote(promote);
  ASSERT_TRUE(version.ok()) << version.status();
  EXPECT_EQ(version->version(), 3U);
  EXPECT_EQ(version->step(), 20U);
  EXPECT_EQ(version->job_id(), stream->job_id());
  promote.set_only_if_not_worse(true);
  const auto equal = (*model_client)->Promote(promote);
  ASSERT_TRUE(equal.ok()) << equal.status();
  EXPECT_EQ(equal->version(), 4U) << "the same generator is not worse";
  promote.set_checkpoint_step(77);
  const absl::Status no_checkpoint = (*model_client)->Promote(promote).status();
  EXPECT_TRUE(absl::IsNotFound(no_checkpoint)) << no_checkpoint;
  EXPECT_THAT(std::string(no_checkpoint.message()), HasSubstr("77"));
  promote.set_model("../elsewhere");
  EXPECT_TRUE(absl::IsInvalidArgument((*model_client)->Promote(promote).status()));
  const v1::GenerationInfo served = ServedByDefault(server);
  EXPECT_EQ(served.version(), 4U);
  EXPECT_EQ(served.model_digest(), version->digest());
}

TEST_F(TrainJobTest, AJobMakesTheFirstModelOfAnEmptyRepository) {
  const std::string models = data_.folder().File("models");
  fs::create_directories(models);
  std::vector<std::string> arguments = Arguments("jobs");
  arguments.insert(arguments.end(), {"--models", models});
  ServerProcess server(arguments, ServerProcess::Until::kNoModel);
  v1::TrainJobRequest request = Request("");
  request.mutable_spec()->set_promote_to_model("squares");
  const auto stream = ClientOf(server)->Train(request);
  ReadAll(*stream);
  EXPECT_EQ(stream->terminal()->message(), "promoted to version 1 of model squares");
  ASSERT_TRUE(server.WaitUntilReady());
  EXPECT_EQ(ServedByDefault(server).model(), "squares");
}

TEST_F(TrainJobTest, BadInputIsRefusedBeforeTrainingStartsAndSaysWhy) {
  const ServerProcess server(Arguments("jobs"));
  const auto client = ClientOf(server);
  const auto error = [&](const std::function<void(v1::TrainSpec&)>& change) {
    v1::TrainJobRequest request = Request("");
    change(*request.mutable_spec());
    const auto stream = client->Train(request);
    EXPECT_TRUE(ReadAllQuietly(*stream).empty());
    return stream->Finish();
  };
  const absl::Status unknown = error([](auto& spec) { spec.set_data("nothing"); });
  EXPECT_TRUE(absl::IsFailedPrecondition(unknown)) << unknown;
  EXPECT_THAT(std::string(unknown.message()), HasSubstr("data is \"nothing\""));
  const absl::Status nowhere = error([](auto& spec) { spec.set_promote_to_model("squares"); });
  EXPECT_TRUE(absl::IsFailedPrecondition(nowhere)) << nowhere;
  EXPECT_THAT(std::string(nowhere.message()), HasSubstr("--models"));
  const absl::Status outside = error([](auto& spec) { spec.set_data("../data"); });
  EXPECT_TRUE(absl::IsInvalidArgument(outside)) << outside;
  const absl::Status large = error([](auto& spec) { spec.set_batch_size(41); });
  EXPECT_TRUE(absl::IsInvalidArgument(large)) << large;
  EXPECT_THAT(std::string(large.message()), HasSubstr("batch_size is 41, but data \"squares\" has 40 images"));
  const absl::Status blind = error([](auto& spec) { spec.set_extractor("eyes.pt"); });
  EXPECT_TRUE(absl::IsFailedPrecondition(blind)) << blind;
  EXPECT_THAT(std::string(blind.message()), HasSubstr("extractor is \"eyes.pt\""));
  const absl::Status classes = error([](auto& spec) { spec.set_conditioning(v1::TRAIN_CONDITIONING_CLASS); });
  EXPECT_TRUE(absl::IsInvalidArgument(classes)) << classes;
  EXPECT_THAT(std::string(classes.message()), HasSubstr("data \"squares\" has no labels"));
  data_.WriteData("torn");
  const absl::Status torn = error([](auto&) {});
  EXPECT_TRUE(absl::IsFailedPrecondition(torn)) << torn;
  EXPECT_THAT(std::string(torn.message()), HasSubstr("images-idx3-ubyte"));
  EXPECT_THAT(std::string(torn.message()), HasSubstr("at byte offset"));
  EXPECT_EQ(TrainerOf(server), 0);
}

TEST_F(TrainJobTest, AServerWithoutJobsSaysSo) {
  const ServerProcess server;
  const auto jobs = ClientOf(server)->List({});
  EXPECT_TRUE(absl::IsFailedPrecondition(jobs.status()));
  EXPECT_THAT(std::string(jobs.status().message()), HasSubstr("--jobs"));
}

TEST_F(TrainJobTest, AStoppedServerEndsItsTrainerAndTheNextGoesOn) {
  std::string id;
  {
    ServerProcess server(Arguments("jobs"));
    const auto stream = ClientOf(server)->Train(Request("mine"));
    v1::TrainEvent event;
    while (stream->Next(&event) && !event.has_checkpoint()) {
    }
    id = stream->job_id();
    server.Signal(SIGTERM);
    EXPECT_EQ(server.Wait(), 0);
  }
  const ServerProcess server(Arguments("jobs"));
  const auto stream = ClientOf(server)->Watch(id, 0);
  ReadAll(*stream);
  EXPECT_EQ(stream->terminal()->state(), v1::TRAIN_JOB_STATE_SUCCEEDED);
}

}  // namespace
}  // namespace ganserve
