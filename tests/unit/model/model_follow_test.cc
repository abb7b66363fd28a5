// How a server follows what others do to its repository.
#include <gmock/gmock.h>

#include "tests/unit/model/model_switch_fixture.h"

namespace ganserve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ModelFollowTest : public ModelSwitchFixture {
 protected:
  // Lines of the log that a look at the repository makes.
  static std::string LogOfFollow(Replica& replica) {
    testing::internal::CaptureStderr();
    replica.change->Follow();
    return testing::internal::GetCapturedStderr();
  }
};

TEST_F(ModelFollowTest, ReplicasFollowEachOther) {
  for (const uint64_t version : {1, 2}) AddVersion(version);
  const auto one = Start();
  const auto other = Start();
  ASSERT_TRUE(one->change->Activate("shoes", 1).ok());
  EXPECT_EQ(other->OnDuty(), 2u);
  other->change->Follow();
  EXPECT_EQ(other->OnDuty(), 1u);
  EXPECT_EQ(other->Switches(SwitchCause::kFollowed, true), 1);
  ASSERT_TRUE(other->change->Activate("shoes", 2).ok());
  one->change->Follow();
  EXPECT_EQ(one->OnDuty(), 2u);
}

TEST_F(ModelFollowTest, WithoutAnAliasFileTheNewestVersionGoesOnDuty) {
  AddVersion(1);
  const auto replica = Start();
  AddVersion(2);
  replica->change->Follow();
  EXPECT_EQ(replica->OnDuty(), 2u);
  EXPECT_THAT(replica->Loaded(), ElementsAre(1, 2));
}

TEST_F(ModelFollowTest, WhereOneIsNamedTheNewestIsOnlyLoaded) {
  AddVersion(1);
  WriteAliases(R"({"on_duty": 1})");
  const auto replica = Start();
  AddVersion(2);
  replica->change->Follow();
  EXPECT_EQ(replica->OnDuty(), 1u);
  EXPECT_EQ(replica->Find("shoes", "2"), 2u);
  EXPECT_EQ(replica->Switches(SwitchCause::kFollowed, true), 0);
}

TEST_F(ModelFollowTest, ANewVersionIsWarmBeforeItGoesOnDuty) {
  AddVersion(1);
  const auto replica = Start();
  AddVersion(2);
  uint64_t meanwhile = 0;
  replica->on_warm_up = [&](Generator&) { meanwhile = replica->OnDuty(); };
  replica->change->Follow();
  EXPECT_EQ(meanwhile, 1u);
}

TEST_F(ModelFollowTest, ALookThatFindsNothingNewLoadsAndChangesNothing) {
  for (const uint64_t version : {1, 2}) AddVersion(version);
  const auto replica = Start();
  const int loads = replica->loads;
  const auto table = replica->models->table();
  const auto list = replica->change->List();
  EXPECT_EQ(LogOfFollow(*replica), "");
  EXPECT_EQ(replica->loads, loads);
  EXPECT_EQ(replica->models->table(), table);
  EXPECT_EQ(replica->change->List(), list);
}

TEST_F(ModelFollowTest, RefusedVersionsAreCountedUntilTheyAreRepairedOrGone) {
  AddVersion(1);
  AddVersion(2, "bad");
  AddVersion(1, "archive", "hats");
  WriteAliases(R"({"on_duty": 1})");
  const auto replica = Start();
  using Refused = std::map<std::string, size_t>;
  EXPECT_EQ(replica->metrics.refused, (Refused{{"shoes", 1}, {"hats", 0}})) << "by the start";
  AddVersion(3, "cold");
  replica->change->Follow();
  EXPECT_EQ(replica->metrics.refused, (Refused{{"shoes", 2}, {"hats", 0}}));
  EXPECT_FALSE(replica->change->Activate("shoes", 3).ok());
  EXPECT_EQ(replica->metrics.refused, (Refused{{"shoes", 2}, {"hats", 0}})) << "tried twice, counted once";
  AddVersion(2, "a longer archive");
  replica->change->Follow();
  EXPECT_EQ(replica->metrics.refused, (Refused{{"shoes", 1}, {"hats", 0}}));
  ASSERT_TRUE(replica->change->Delete("shoes", 3).ok());
  EXPECT_EQ(replica->metrics.refused, (Refused{{"shoes", 0}, {"hats", 0}}));
  Remove("hats");
  replica->change->Follow();
  EXPECT_EQ(replica->metrics.refused, (Refused{{"shoes", 0}}));
}

TEST_F(ModelFollowTest, ARefusedVersionIsTriedAndLoggedOnceAndTheOneOnDutyStays) {
  AddVersion(1);
  const auto replica = Start();
  AddVersion(2, "bad");
  EXPECT_THAT(LogOfFollow(*replica), HasSubstr("model version refused"));
  const int loads = replica->loads;
  EXPECT_EQ(LogOfFollow(*replica), "");
  EXPECT_EQ(replica->loads, loads);
  EXPECT_EQ(replica->OnDuty(), 1u);
  EXPECT_EQ(replica->Switches(SwitchCause::kFollowed, false), 1);
}

TEST_F(ModelFollowTest, WhatTheStartRefusedIsNotTriedAgain) {
  AddVersion(1, "bad");
  AddVersion(2);
  const auto replica = Start();
  const int loads = replica->loads;
  EXPECT_EQ(LogOfFollow(*replica), "");
  EXPECT_EQ(replica->loads, loads);
}

TEST_F(ModelFollowTest, ACopyThatWasNotCompleteIsTriedAgainWhenItIs) {
  AddVersion(1);
  const auto replica = Start();
  std::filesystem::create_directories(root_.File("shoes/2"));
  replica->change->Follow();
  AddVersion(2, "bad because only half is there");
  replica->change->Follow();
  EXPECT_EQ(replica->OnDuty(), 1u);
  AddVersion(2, "all of it");
  replica->change->Follow();
  EXPECT_EQ(replica->OnDuty(), 2u);
}

TEST_F(ModelFollowTest, AVersionThatVanishedIsDroppedUnlessItIsOnDuty) {
  for (const uint64_t version : {1, 2, 3}) AddVersion(version);
  WriteAliases(R"({"on_duty": 2})");
  const auto replica = Start();
  Remove("shoes/1");
  replica->change->Follow();
  EXPECT_THAT(replica->Loaded(), ElementsAre(2, 3));
  Remove("shoes/2");
  EXPECT_THAT(LogOfFollow(*replica), HasSubstr("on_duty is 2, which is no version of this model"));
  EXPECT_EQ(LogOfFollow(*replica), "") << "said once";
  EXPECT_EQ(replica->OnDuty(), 2u);
  Remove("shoes");
  replica->change->Follow();
  EXPECT_EQ(replica->OnDuty(), 2u);
  EXPECT_EQ(replica->change->List()->at(0).versions.size(), 2u);
}

TEST_F(ModelFollowTest, ANewModelAppearsOnceOneOfItsVersionsCanServe) {
  AddVersion(1);
  const auto replica = Start();
  AddVersion(1, "bad", "hats");
  replica->change->Follow();
  EXPECT_EQ(replica->OnDuty("hats"), 0u);
  ASSERT_EQ(replica->change->List()->size(), 2u);
  EXPECT_EQ(replica->change->List()->front().on_duty, 0u);
  AddVersion(2, "good", "hats");
  replica->change->Follow();
  EXPECT_EQ(replica->OnDuty("hats"), 2u);
}

TEST_F(ModelFollowTest, ABrokenModelDoesNotKeepOthersFromBeingFollowed) {
  for (const char* model : {"hats", "shoes"}) AddVersion(1, "archive", model);
  const auto replica = Start();
  root_.Write("hats/aliases.json", "{");
  AddVersion(2);
  EXPECT_THAT(LogOfFollow(*replica), HasSubstr("hats/aliases.json: not a JSON object"));
  EXPECT_EQ(replica->OnDuty(), 2u);
  EXPECT_EQ(replica->OnDuty("hats"), 1u);
}

}  // namespace
}  // namespace ganserve
