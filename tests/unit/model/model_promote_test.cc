#include <gmock/gmock.h>

#include "tests/unit/model/model_switch_fixture.h"

namespace ganserve {
namespace {

using testing::HasSubstr;

class ModelPromoteTest : public ModelSwitchFixture {
 protected:
  void SetUp() override { AddVersion(1); }

  static absl::StatusOr<StoredVersion> Promote(Replica& replica, const std::string& model = "shoes",
                                               std::optional<uint64_t> step = {}) {
    return replica.change->Promote({"job-7", step, model}, {});
  }
};

TEST_F(ModelPromoteTest, AJobsGeneratorBecomesTheNextVersionAndGoesOnDuty) {
  const auto replica = Start();
  const auto promoted = Promote(*replica, "shoes", 500);
  ASSERT_TRUE(promoted.ok()) << promoted.status();
  EXPECT_EQ(promoted->version, 2u);
  EXPECT_EQ(promoted->job_id, "job-7");
  EXPECT_EQ(promoted->step, 500u);
  EXPECT_TRUE(promoted->on_duty);
  EXPECT_EQ(replica->OnDuty(), 2u);
  EXPECT_THAT(Aliases(), HasSubstr(R"("on_duty": 2)"));
  EXPECT_EQ(replica->Switches(SwitchCause::kPromotion, true), 1);
  EXPECT_EQ(replica->Switches(SwitchCause::kActivation, true), 0);
}

TEST_F(ModelPromoteTest, AModelThatIsNotThereIsMade) {
  const auto replica = Start();
  const auto promoted = Promote(*replica, "hats");
  ASSERT_TRUE(promoted.ok()) << promoted.status();
  EXPECT_EQ(promoted->version, 1u);
  EXPECT_EQ(promoted->step, 1000u) << "the last checkpoint";
  EXPECT_EQ(replica->OnDuty("hats"), 1u);
  EXPECT_EQ(replica->OnDuty(), 1u);
}

TEST_F(ModelPromoteTest, ANumberThatAnotherReplicaTookIsLeftToIt) {
  const auto replica = Start();
  exporter_.before_export = [&](const std::string& folder, const std::stop_token&) {
    if (exporter_.calls == 1) {
      std::filesystem::create_directories(folder);
      root_.Write("shoes/2/model.pt", "theirs");
    }
  };
  const auto promoted = Promote(*replica);
  ASSERT_TRUE(promoted.ok()) << promoted.status();
  EXPECT_EQ(promoted->version, 3u);
  EXPECT_EQ(ReadWhole(root_.File("shoes/2/model.pt")), "theirs");
}

TEST_F(ModelPromoteTest, AVersionThatFailsIsRemovedAndItsNumberNotGivenAgain) {
  const auto replica = Start();
  for (const char* archive : {"bad", "cold"}) {
    exporter_.archive = archive;
    const auto promoted = Promote(*replica);
    EXPECT_EQ(promoted.status().code(), absl::StatusCode::kFailedPrecondition) << archive;
    EXPECT_THAT(std::string(promoted.status().message()), HasSubstr("model shoes version "));
  }
  EXPECT_FALSE(Exists("shoes/2"));
  EXPECT_FALSE(Exists("shoes/3"));
  EXPECT_EQ(replica->OnDuty(), 1u);
  EXPECT_EQ(replica->Switches(SwitchCause::kPromotion, false), 2);
  exporter_.archive = "good";
  EXPECT_EQ(Promote(*replica).value().version, 4u);
}

TEST_F(ModelPromoteTest, OtherReplicasDoNotTakeAVersionThatIsNotChecked) {
  const auto replica = Start();
  const auto other = Start();
  replica->on_warm_up = [&](Generator&) {
    other->change->Follow();
    EXPECT_EQ(other->OnDuty(), 1u);
  };
  ASSERT_TRUE(Promote(*replica).ok());
  other->change->Follow();
  EXPECT_EQ(other->OnDuty(), 2u);
}

TEST_F(ModelPromoteTest, AFailedFirstVersionLeavesNoModel) {
  const auto replica = Start();
  exporter_.archive = "bad";
  EXPECT_FALSE(Promote(*replica, "hats").ok());
  EXPECT_FALSE(Exists("hats/1"));
  EXPECT_EQ(replica->OnDuty("hats"), 0u);
  replica->change->Follow();
  EXPECT_EQ(replica->change->List()->size(), 1u);
}

TEST_F(ModelPromoteTest, AWorseGeneratorIsNotPutOnDutyWhereThatMatters) {
  const auto replica = Start();
  comparer_.status = absl::FailedPreconditionError("worse");
  const Promotion promotion{"job-7", {}, "shoes", /*only_if_not_worse=*/true};
  EXPECT_EQ(replica->change->Promote(promotion, {}).status(), comparer_.status);
  ASSERT_EQ(comparer_.calls.size(), 1u);
  EXPECT_EQ(comparer_.calls[0].job_id, "job-7");
  EXPECT_EQ(comparer_.calls[0].candidate, root_.File("shoes/2"));
  EXPECT_EQ(comparer_.calls[0].incumbent, root_.File("shoes/1"));
  EXPECT_EQ(replica->OnDuty(), 1u);
  EXPECT_FALSE(Exists("shoes/2"));
  EXPECT_EQ(replica->Switches(SwitchCause::kPromotion, false), 1);
  comparer_.status = absl::OkStatus();
  EXPECT_EQ(replica->change->Promote(promotion, {}).value().version, 3u);
}

TEST_F(ModelPromoteTest, NothingIsComparedUnaskedOrWithNoVersionOnDuty) {
  const auto replica = Start();
  comparer_.status = absl::FailedPreconditionError("worse");
  EXPECT_TRUE(Promote(*replica).ok());
  EXPECT_TRUE(replica->change->Promote({"job-7", {}, "hats", /*only_if_not_worse=*/true}, {}).ok());
  EXPECT_TRUE(comparer_.calls.empty());
}

TEST_F(ModelPromoteTest, WhatTheExporterRefusesIsTheAnswerAndNothingIsLeft) {
  const auto replica = Start();
  exporter_.status = absl::NotFoundError("job job-7 is unknown");
  EXPECT_EQ(Promote(*replica, "hats").status(), exporter_.status);
  EXPECT_FALSE(Exists("hats"));
  EXPECT_EQ(Promote(*replica).status(), exporter_.status);
  EXPECT_EQ(replica->OnDuty(), 1u);
}

TEST_F(ModelPromoteTest, ADeletedNumberIsNotGivenAgain) {
  const auto replica = Start();
  ASSERT_EQ(Promote(*replica).value().version, 2u);
  ASSERT_TRUE(replica->change->Activate("shoes", 1).ok());
  ASSERT_TRUE(replica->change->Delete("shoes", 2).ok());
  EXPECT_EQ(Promote(*replica).value().version, 3u);
}

TEST_F(ModelPromoteTest, WithoutJobsThereIsNothingToPromote) {
  Replica replica(root_.path(), 4, nullptr, nullptr);
  const auto promoted = Promote(replica);
  EXPECT_EQ(promoted.status(), absl::FailedPreconditionError("this server has no training jobs to promote from"));
}

}  // namespace
}  // namespace ganserve
