#include "server/model/model_switch.h"

#include <gmock/gmock.h>

#include <thread>

#include "tests/unit/model/model_switch_fixture.h"

namespace ganserve {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class ModelSwitchTest : public ModelSwitchFixture {};

TEST_F(ModelSwitchTest, ActivationPutsAVersionOnDutyAndWritesItDown) {
  for (const uint64_t version : {1, 2, 3}) AddVersion(version);
  WriteAliases(R"({"aliases": {"stable": 2}, "note": "ours"})");
  const auto replica = Start();
  ASSERT_EQ(replica->OnDuty(), 3u);
  const auto activated = replica->change->Activate("shoes", 1);
  ASSERT_TRUE(activated.ok()) << activated.status();
  EXPECT_EQ(activated->version, 1u);
  EXPECT_TRUE(activated->on_duty);
  EXPECT_TRUE(activated->loaded);
  EXPECT_EQ(replica->OnDuty(), 1u);
  EXPECT_EQ(replica->Find("shoes", "stable"), 2u);
  EXPECT_THAT(Aliases(), AllOf(HasSubstr(R"("on_duty": 1)"), HasSubstr(R"("stable": 2)"), HasSubstr("ours")));
  EXPECT_EQ(Start()->OnDuty(), 1u) << "after a restart";
  EXPECT_EQ(replica->Switches(SwitchCause::kActivation, true), 1);
}

TEST_F(ModelSwitchTest, TheVersionOnDutyServesUntilTheNextIsWarm) {
  for (const uint64_t version : {1, 2}) AddVersion(version);
  WriteAliases(R"({"on_duty": 2})");
  const auto replica = Start(1);
  std::vector<uint64_t> warmed;
  replica->on_warm_up = [&](Generator& generator) {
    warmed.push_back(generator.info().version);
    EXPECT_EQ(replica->OnDuty(), 2u);
    EXPECT_THAT(Aliases(), HasSubstr(R"("on_duty": 2)"));
  };
  ASSERT_TRUE(replica->change->Activate("shoes", 1).ok());
  EXPECT_THAT(warmed, ElementsAre(1));
  EXPECT_EQ(replica->OnDuty(), 1u);
}

TEST_F(ModelSwitchTest, AVersionThatFailsStaysOutAndTheOneOnDutyStays) {
  AddVersion(1, "bad");
  AddVersion(2, "cold");
  AddVersion(3);
  const auto replica = Start(1);
  const auto bad = replica->change->Activate("shoes", 1);
  EXPECT_EQ(bad.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(bad.status().message()), HasSubstr("model shoes version 1: not an archive"));
  const auto cold = replica->change->Activate("shoes", 2);
  EXPECT_EQ(cold.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(cold.status().message()), HasSubstr("version 2: warm-up failed: not finite"));
  EXPECT_EQ(replica->OnDuty(), 3u);
  EXPECT_THAT(replica->Loaded(), ElementsAre(3));
  EXPECT_FALSE(Exists("shoes/aliases.json"));
  EXPECT_EQ(replica->Switches(SwitchCause::kActivation, false), 2);
}

TEST_F(ModelSwitchTest, ADutyThatCannotBeWrittenDownIsNotTaken) {
  for (const uint64_t version : {1, 2}) AddVersion(version);
  const auto replica = Start();
  std::filesystem::create_directories(root_.File("shoes/aliases.json"));  // where the file would go
  EXPECT_FALSE(replica->change->Activate("shoes", 1).ok());
  EXPECT_EQ(replica->OnDuty(), 2u);
}

TEST_F(ModelSwitchTest, WhatIsUnknownIsNotFound) {
  AddVersion(1);
  const auto replica = Start();
  EXPECT_EQ(replica->change->Activate("hats", 1).status(),
            absl::NotFoundError("model 'hats' is not in the repository"));
  EXPECT_EQ(replica->change->Activate("shoes", 2).status(),
            absl::NotFoundError("model shoes has no version 2; the newest is 1"));
  EXPECT_EQ(replica->change->Delete("shoes", 2).code(), absl::StatusCode::kNotFound);
}

TEST_F(ModelSwitchTest, WhatIsNoNameIsNoPathEither) {
  AddVersion(1);
  const auto replica = Start();
  for (const std::string name : {"", "..", "../shoes", "/shoes", "7", "a b"}) {
    EXPECT_EQ(replica->change->Activate(name, 1).status().code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_EQ(replica->change->Promote({"j1", {}, name}, {}).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(replica->change->Delete(name, 1).code(), absl::StatusCode::kInvalidArgument) << name;
  }
  EXPECT_TRUE(Exists("shoes/1/model.pt"));
  EXPECT_THAT(std::string(replica->change->Activate("../shoes", 1).status().message()),
              HasSubstr("model is '../shoes', must be a letter"));
}

TEST_F(ModelSwitchTest, TheOldVersionsMemoryIsFreedWhenItsLastRequestEnds) {
  for (const uint64_t version : {1, 2}) AddVersion(version);
  WriteAliases(R"({"on_duty": 1})");
  const auto replica = Start(1);
  std::shared_ptr<Generator> request = replica->models->Find("", "").value();
  const std::weak_ptr<Generator> memory = request;
  ASSERT_TRUE(replica->change->Activate("shoes", 2).ok());
  EXPECT_FALSE(memory.expired());
  EXPECT_EQ(request->info().version, 1u);
  request.reset();
  EXPECT_TRUE(memory.expired());
}

TEST_F(ModelSwitchTest, KeepsSoManyVersionsInMemoryAndThoseWithAName) {
  for (const uint64_t version : {1, 2, 3, 4}) AddVersion(version);
  WriteAliases(R"({"on_duty": 2, "aliases": {"stable": 1}})");
  const auto replica = Start(1);
  EXPECT_THAT(replica->Loaded(), ElementsAre(1, 2, 4));
  ASSERT_TRUE(replica->change->Activate("shoes", 4).ok());
  EXPECT_THAT(replica->Loaded(), ElementsAre(1, 4));
}

TEST_F(ModelSwitchTest, DeletesAVersionFromMemoryAndDisk) {
  for (const uint64_t version : {1, 2, 3}) AddVersion(version);
  const auto replica = Start();
  ASSERT_EQ(replica->Find("shoes", "2"), 2u);
  EXPECT_TRUE(replica->change->Delete("shoes", 2).ok());
  EXPECT_EQ(replica->Find("shoes", "2"), 0u);
  EXPECT_FALSE(Exists("shoes/2"));
  EXPECT_EQ(replica->OnDuty(), 3u);
  int folders = 0;
  for (const auto& entry : std::filesystem::directory_iterator(root_.File("shoes"))) folders += entry.is_directory();
  EXPECT_EQ(folders, 2) << "nothing of it is left";
}

TEST_F(ModelSwitchTest, DeletesNeitherWhatIsOnDutyNorWhatHasAnAlias) {
  for (const uint64_t version : {1, 2, 3}) AddVersion(version);
  WriteAliases(R"({"on_duty": 2, "aliases": {"stable": 1}})");
  const auto replica = Start();
  const absl::Status on_duty = replica->change->Delete("shoes", 2);
  EXPECT_EQ(on_duty.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(on_duty.message()), HasSubstr("version 2 of model shoes is on duty"));
  const absl::Status alias = replica->change->Delete("shoes", 1);
  EXPECT_EQ(alias.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(alias.message()), HasSubstr("carries the alias 'stable'"));
  WriteAliases(R"({"on_duty": 3})");  // by another replica, which this one has not followed yet
  EXPECT_EQ(replica->change->Delete("shoes", 2).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(replica->change->Delete("shoes", 3).code(), absl::StatusCode::kFailedPrecondition);
  for (const char* folder : {"shoes/1", "shoes/2", "shoes/3"}) EXPECT_TRUE(Exists(folder));
}

TEST_F(ModelSwitchTest, ListsWhatIsStoredAndWhatIsLoaded) {
  for (const uint64_t version : {1, 2, 3}) AddVersion(version, "archive " + std::to_string(version));
  AddVersion(1, "archive", "hats");
  root_.Write("shoes/1/model.json", R"({"provenance": {"job": "job-7", "step": 9370}})");
  WriteAliases(R"({"on_duty": 2, "aliases": {"canary": 3}})");
  const auto replica = Start(1);
  const auto list = replica->change->List();
  ASSERT_EQ(list->size(), 2u);
  EXPECT_EQ((*list)[0].name, "hats");
  const StoredModel& shoes = (*list)[1];
  EXPECT_EQ(shoes.on_duty, 2u);
  ASSERT_EQ(shoes.versions.size(), 3u);
  EXPECT_EQ(shoes.versions[0].job_id, "job-7");
  EXPECT_EQ(shoes.versions[0].step, 9370u);
  EXPECT_FALSE(shoes.versions[0].loaded);
  EXPECT_EQ(shoes.versions[0].digest, "");
  EXPECT_TRUE(shoes.versions[1].on_duty);
  EXPECT_EQ(shoes.versions[1].digest, "archive 2");
  EXPECT_THAT(shoes.versions[2].aliases, ElementsAre("canary"));
  ASSERT_TRUE(replica->change->Activate("shoes", 1).ok());
  EXPECT_EQ(replica->change->List()->at(1).on_duty, 1u);
  ASSERT_EQ(replica->metrics.series.size(), 3u) << "hats 1, shoes 1 and 3";
  EXPECT_TRUE(replica->metrics.series[1].on_duty);
}

TEST_F(ModelSwitchTest, RequestsFindAVersionWhateverChangesMeanwhile) {
  for (const uint64_t version : {1, 2}) AddVersion(version);
  const auto replica = Start(1);
  std::atomic<bool> over = false;
  std::vector<std::jthread> requests;
  for (int i = 0; i < 3; ++i) {
    requests.emplace_back([&] {
      while (!over) {
        const auto generator = replica->models->Find("", "");
        ASSERT_TRUE(generator.ok());
        EXPECT_GE((*generator)->info().version, 1u);
        EXPECT_GE(replica->models->List().size(), 1u);
        EXPECT_EQ(replica->change->List()->size(), 1u);
      }
    });
  }
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(replica->change->Activate("shoes", 1 + i % 2).ok());
  over = true;
}

TEST(ModelSwitchWithoutRepositoryTest, RefusesChangesNamingTheOption) {
  const auto replica = [] {
    std::vector<LoadedModels::Refused> refused;
    const auto load = [](const ModelSource&) -> absl::StatusOr<std::shared_ptr<Generator>> {
      return std::make_shared<FakeGenerator>();
    };
    return LoadedModels::Load({.repository = "", .default_model = "", .load = load}, &refused).value();
  }();
  RecordingModelMetrics metrics;
  ModelSwitch change({}, *replica, metrics, {});
  const absl::Status activated = change.Activate("fashion-mnist", 1).status();
  EXPECT_EQ(activated.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(activated.message()), HasSubstr("--models"));
  EXPECT_EQ(change.Promote({.job_id = "j", .checkpoint_step = {}, .model = "m"}, {}).status(), activated);
  EXPECT_EQ(change.Delete("fashion-mnist", 1), activated);
  change.Follow();
  ASSERT_EQ(change.List()->size(), 1u);
  EXPECT_EQ(change.List()->front().on_duty, 2u);
  EXPECT_THAT(metrics.series, Not(testing::IsEmpty()));
}

}  // namespace
}  // namespace ganserve
