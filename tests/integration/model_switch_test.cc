// The version on duty changes while calls go on: none fails, and every image is of the version that its answer names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "ganserve/v1/models.grpc.pb.h"
#include "server/base/mutex.h"
#include "tests/integration/image_caller.h"
#include "tests/integration/trainer_process.h"
#include "tests/support/server_process.h"
#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

namespace fs = std::filesystem;

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr char kModel[] = "shoes";
constexpr uint64_t kSeed = 11;
// More than the server works ahead of a reader and the transports of both sides buffer.
constexpr uint32_t kImages = 1'000;

// What a version makes of (kSeed, index).
struct Reference {
  std::string digest;
  std::vector<std::string> images;  // by index
};

using References = std::map<uint64_t, Reference>;  // by version

// Asks for a version by its number, on duty or not.
Reference FetchReference(const ImageCaller& caller, uint64_t version) {
  v1::GenerateRequest request = ImageRequest(kSeed, kImages);
  request.set_version(std::to_string(version));
  const Answer answer = caller.Generate(request);
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.response.info().version(), version);
  return {answer.response.info().model_digest(), answer.images()};
}

// Of versions 1 and 2, which must differ in every image: otherwise a mixture could pass for one of them.
References FetchReferences(const ImageCaller& caller) {
  References references;
  for (const uint64_t version : {1, 2}) references[version] = FetchReference(caller, version);
  EXPECT_THAT(references.at(1).images, SizeIs(kImages));
  EXPECT_THAT(references.at(2).images, SizeIs(kImages));
  EXPECT_NE(references.at(1).digest, references.at(2).digest);
  for (size_t i = 0; i < kImages && !testing::Test::HasFailure(); ++i) {
    EXPECT_NE(references.at(1).images[i], references.at(2).images[i]) << "image " << i;
  }
  return references;
}

// Empty if the answer is whole and made by the version that it names.
std::string FaultOf(const Answer& answer, const v1::GenerateRequest& request, const References& references) {
  if (!answer.status.ok()) {  // the message may be empty
    return "failed with code " + std::to_string(answer.status.error_code()) + ": " + answer.status.error_message();
  }
  const v1::GenerationInfo& info = answer.response.info();
  const auto reference = references.find(info.version());
  if (reference == references.end()) return "names version " + std::to_string(info.version());
  const auto& [digest, images] = reference->second;
  const auto first = images.begin() + static_cast<std::ptrdiff_t>(request.first_index());
  const std::vector<std::string> expected(first, first + request.count());
  if (info.model_digest() == digest && answer.images() == expected) return "";
  return "does not hold the images of version " + std::to_string(info.version()) + ", which it names";
}

// Three callers of Generate and one of GenerateStream that never pause and name no version.
class BackgroundLoad {
 public:
  struct Caller {
    int answers = 0;
    uint64_t last_version = 0;
    std::map<uint64_t, int> answers_of;  // by version
    std::vector<std::string> faults;
  };

  BackgroundLoad(const std::string& address, const References& references)
      : caller_(address), references_(references), callers_(4) {
    for (size_t i = 0; i < 4; ++i) {
      threads_.emplace_back([this, i](const std::stop_token& stop) { Run(i, stop); });
    }
  }

  // Two answers of each caller from now: the second is to a call that began after this one.
  void ExpectAllOnVersion(uint64_t version) {
    MutexLock lock(mutex_);
    const std::vector<Caller> before = callers_;
    for (size_t i = 0; i < callers_.size(); ++i) {
      while (callers_[i].answers < before[i].answers + 2) answered_.Wait(mutex_);
      EXPECT_EQ(callers_[i].last_version, version) << "caller " << i;
    }
  }

  // Ends the calls.
  std::vector<Caller> Finish() {
    threads_.clear();
    MutexLock lock(mutex_);
    return callers_;
  }

 private:
  void Run(size_t number, const std::stop_token& stop) {
    const bool streams = number == 0;
    for (uint32_t i = 0; !stop.stop_requested(); ++i) {
      const auto request = streams ? ImageRequest(kSeed, 200) : ImageRequest(kSeed, i % 40 + 1, i % 7 * 100);
      const Answer answer = streams ? caller_.Stream(request) : caller_.Generate(request);
      const std::string fault = FaultOf(answer, request, references_);
      MutexLock lock(mutex_);
      Caller& caller = callers_[number];
      ++caller.answers;
      caller.last_version = answer.response.info().version();
      ++caller.answers_of[caller.last_version];
      if (!fault.empty()) caller.faults.push_back(fault);
      answered_.NotifyAll();
    }
  }

  const ImageCaller caller_;
  const References& references_;
  Mutex mutex_;
  CondVar answered_;
  std::vector<Caller> callers_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::jthread> threads_;
};

// A server and a connection to it.
struct Replica {
  explicit Replica(const std::vector<std::string>& arguments)
      : server(arguments), images(server.address()), models(v1::ModelService::NewStub(images.channel())) {}

  grpc::Status Activate(uint64_t version, v1::ModelVersion* activated) const {
    grpc::ClientContext context;
    Apply({}, &context);
    v1::ActivateModelVersionRequest request;
    request.set_model(kModel);
    request.set_version(version);
    return models->ActivateModelVersion(&context, request, activated);
  }

  grpc::Status Delete(uint64_t version) const {
    grpc::ClientContext context;
    Apply({}, &context);
    v1::DeleteModelVersionRequest request;
    request.set_model(kModel);
    request.set_version(version);
    v1::DeleteModelVersionResponse response;
    return models->DeleteModelVersion(&context, request, &response);
  }

  ServerProcess server;
  const ImageCaller images;
  const std::unique_ptr<v1::ModelService::Stub> models;
};

// A repository of one model, versions 1, on duty, and 2, and a server on it.
class ModelSwitchTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_.File("models/shoes"));
    for (const uint64_t version : {1, 2}) ASSERT_NO_FATAL_FAILURE(AddVersion(version));
    folder_.Write("models/shoes/aliases.json", R"({"on_duty": 1})");
    replica_ = std::make_unique<Replica>(Arguments());
    ASSERT_TRUE(replica_->server.ready());
    references_ = FetchReferences(replica_->images);
    ASSERT_FALSE(HasFailure());
  }

  void AddVersion(uint64_t version) {
    const std::string job = folder_.File("job" + std::to_string(version));
    TrainerRun trainer({"init", "--out", job, "--width", "8", "--seed", std::to_string(version)},
                       folder_.File("errors"));
    ASSERT_EQ(trainer.Wait(), kFinished) << ReadWhole(folder_.File("errors"));
    fs::rename(job + "/exports/0", VersionFolder(version));
  }

  std::string VersionFolder(uint64_t version) const { return folder_.File("models/shoes/" + std::to_string(version)); }

  // Of a server that holds the newest version and the one on duty: version 1 is loaded anew each time that it comes on
  // duty, and dropped each time that it leaves.
  std::vector<std::string> Arguments() const {
    return {"--models", folder_.File("models"), "--versions-per-model", "1", "--models-poll-interval", "100ms"};
  }

  void ExpectActivates(const Replica& replica, uint64_t version) const {
    v1::ModelVersion activated;
    const grpc::Status status = replica.Activate(version, &activated);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(activated.model(), kModel);
    EXPECT_EQ(activated.version(), version);
    EXPECT_EQ(activated.digest(), references_.at(version).digest);
    EXPECT_TRUE(activated.on_duty());
    EXPECT_TRUE(activated.loaded());
  }

  // A call that names no version gets the images of this one.
  void ExpectServes(const Replica& replica, uint64_t version) const {
    const auto request = ImageRequest(kSeed, 5, 20);
    const Answer answer = replica.images.Generate(request);
    EXPECT_EQ(FaultOf(answer, request, references_), "");
    EXPECT_EQ(answer.response.info().version(), version);
  }

  const TemporaryFolder folder_;
  std::unique_ptr<Replica> replica_;
  References references_;
};

TEST_F(ModelSwitchTest, CallsGoOnWhileTheVersionChanges) {
  constexpr int kRounds = 10;  // of two activations
  BackgroundLoad load(replica_->server.address(), references_);
  for (int round = 0; round < kRounds; ++round) {
    for (const uint64_t version : {2, 1}) {
      ExpectActivates(*replica_, version);
      load.ExpectAllOnVersion(version);
    }
  }
  for (const BackgroundLoad::Caller& caller : load.Finish()) {
    EXPECT_THAT(caller.faults, IsEmpty());
    EXPECT_THAT(caller.answers_of, SizeIs(2));
    for (const auto& [version, answers] : caller.answers_of) EXPECT_GE(answers, kRounds) << "version " << version;
  }
}

TEST_F(ModelSwitchTest, AStreamEndsWithTheVersionThatItBeganWith) {
  grpc::ClientContext context;
  Apply({}, &context);
  const auto reader = replica_->images.stub().GenerateStream(&context, ImageRequest(kSeed, kImages));
  v1::GeneratedImage image;
  ASSERT_TRUE(reader->Read(&image));
  EXPECT_EQ(image.info().version(), 1u);
  std::vector<std::string> images = {image.data()};
  ExpectActivates(*replica_, 2);
  EXPECT_EQ(replica_->server.Metric("ganserve_requests_in_flight{method=\"GenerateStream\"}"), 1);
  ExpectServes(*replica_, 2);
  while (reader->Read(&image)) images.push_back(image.data());
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_TRUE(images == references_.at(1).images);
}

TEST_F(ModelSwitchTest, ReplicasOnOneRepositoryFollowEachOther) {
  Replica second(Arguments());
  ASSERT_TRUE(second.server.ready());
  ExpectServes(second, 1);
  ExpectActivates(*replica_, 2);
  ASSERT_TRUE(second.server.WaitForLine(R"("message":"model version on duty","model":"shoes","version":2,"before":1)"));
  ExpectServes(second, 2);
  ExpectActivates(second, 1);
  ASSERT_TRUE(
      replica_->server.WaitForLine(R"("message":"model version on duty","model":"shoes","version":1,"before":2)"));
  ExpectServes(*replica_, 1);
}

TEST_F(ModelSwitchTest, ABrokenVersionIsRefusedAndTheOneOnDutyStays) {
  const std::string archive = ReadWhole(VersionFolder(2) + "/model.pt");
  fs::create_directories(VersionFolder(3));
  folder_.Write("models/shoes/3/model.pt", archive.substr(0, archive.size() / 2));
  v1::ModelVersion activated;
  const grpc::Status status = replica_->Activate(3, &activated);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("model shoes version 3: not a usable TorchScript archive"));
  ExpectServes(*replica_, 1);
  EXPECT_EQ(replica_->Delete(3).error_code(), grpc::StatusCode::OK);
  EXPECT_FALSE(fs::exists(VersionFolder(3)));
}

TEST_F(ModelSwitchTest, DeletesAnyVersionButTheOneOnDuty) {
  const grpc::Status on_duty = replica_->Delete(1);
  EXPECT_EQ(on_duty.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(on_duty.error_message(), HasSubstr("version 1 of model shoes is on duty"));
  EXPECT_TRUE(fs::exists(VersionFolder(1) + "/model.pt"));
  const grpc::Status other = replica_->Delete(2);
  EXPECT_TRUE(other.ok()) << other.error_message();
  EXPECT_FALSE(fs::exists(VersionFolder(2)));
  v1::GenerateRequest request = ImageRequest(kSeed, 1);
  request.set_version("2");
  EXPECT_EQ(replica_->images.Generate(request).status.error_code(), grpc::StatusCode::NOT_FOUND);
  ExpectServes(*replica_, 1);
}

}  // namespace
}  // namespace ganserve
