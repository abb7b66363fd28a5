#include "server/eval/collapse_alarm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ganserve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

QualityReport WithRecall(double recall) {
  QualityReport report;
  report.features.emplace();
  report.features->manifold.recall = recall;
  return report;
}

QualityReport WithShares(std::vector<double> shares) {
  QualityReport report;
  report.classes.emplace();
  report.classes->reference_shares.assign(shares.size(), 1.0 / static_cast<double>(shares.size()));
  report.classes->divergence = SharesDivergence(shares, report.classes->reference_shares, 1000);
  report.classes->shares = std::move(shares);
  return report;
}

TEST(CollapseAlarm, IsSilentWhileRecallRises) {
  CollapseAlarm alarm({});
  for (const double recall : {0.0, 0.02, 0.1, 0.3, 0.28, 0.4}) {
    EXPECT_THAT(alarm.OnQuality(WithRecall(recall), {}), IsEmpty()) << recall;
  }
}

TEST(CollapseAlarm, SoundsWhenRecallStaysBelowTheFloorAfterTheStart) {
  CollapseAlarm alarm({});
  EXPECT_THAT(alarm.OnQuality(WithRecall(0), {}), IsEmpty());
  EXPECT_THAT(alarm.OnQuality(WithRecall(0.01), {}), IsEmpty());
  EXPECT_THAT(alarm.OnQuality(WithRecall(0.02), {}), ElementsAre("mode collapse: recall is 0.020, below 0.050"));
}

TEST(CollapseAlarm, SoundsWhenRecallHalves) {
  CollapseAlarm alarm({});
  EXPECT_THAT(alarm.OnQuality(WithRecall(0.4), {}), IsEmpty());
  EXPECT_THAT(alarm.OnQuality(WithRecall(0.19), {}),
              ElementsAre("mode collapse: recall fell to 0.190, its best was 0.400"));
}

TEST(CollapseAlarm, SoundsOnceForEachCollapse) {
  CollapseAlarm alarm({});
  alarm.OnQuality(WithRecall(0.4), {});
  EXPECT_EQ(alarm.OnQuality(WithRecall(0.1), {}).size(), 1);
  EXPECT_EQ(alarm.OnQuality(WithRecall(0.1), {}).size(), 0);
  EXPECT_EQ(alarm.OnQuality(WithRecall(0.35), {}).size(), 0);
  EXPECT_EQ(alarm.OnQuality(WithRecall(0.1), {}).size(), 1);
}

TEST(CollapseAlarm, NamesTheClassThatIsLost) {
  CollapseAlarm alarm({});
  alarm.OnQuality(WithShares({0.3, 0.3, 0.4}), {});
  alarm.OnQuality(WithShares({0.3, 0.3, 0.4}), {});
  EXPECT_THAT(alarm.OnQuality(WithShares({0.48, 0.5, 0.02}), {"shirt", "bag", "boot"}),
              ElementsAre("mode collapse: class 2 (boot) is 2.00 % of the samples, 33.33 % of the data"));
}

TEST(CollapseAlarm, NamesTheLostClassBesideOneThatTheDataLacks) {
  CollapseAlarm alarm({});
  QualityReport report = WithShares({0, 0.98, 0.02});
  report.classes->reference_shares = {0, 0.5, 0.5};
  alarm.OnQuality(report, {});
  alarm.OnQuality(report, {});
  EXPECT_THAT(alarm.OnQuality(report, {}),
              ElementsAre("mode collapse: class 2 is 2.00 % of the samples, 50.00 % of the data"));
}

TEST(CollapseAlarm, MissesNoClassThatTheDataLacks) {
  CollapseAlarm alarm({});
  QualityReport report = WithShares({0, 0.5, 0.5});
  report.classes->reference_shares = {0, 0.5, 0.5};
  report.classes->divergence = 0;
  for (int i = 0; i < 4; ++i) EXPECT_THAT(alarm.OnQuality(report, {}), IsEmpty());
  report.classes->reference_shares = {0, 0, 0};
  EXPECT_THAT(alarm.OnQuality(report, {}), IsEmpty());
}

TEST(CollapseAlarm, SoundsWhenTheClassesDriftFromTheBest) {
  CollapseAlarm alarm({});
  EXPECT_THAT(alarm.OnQuality(WithShares({0.33, 0.33, 0.34}), {}), IsEmpty());
  EXPECT_THAT(alarm.OnQuality(WithShares({0.25, 0.35, 0.4}), {}), IsEmpty());
  EXPECT_THAT(alarm.OnQuality(WithShares({0.1, 0.2, 0.7}), {}), ElementsAre(HasSubstr("nats from the data's")));
}

TEST(CollapseAlarm, SoundsWhenTheDiscriminatorHasWonForLong) {
  CollapseAlarm alarm({.loss_reports = 3});
  EXPECT_FALSE(alarm.OnDiscriminatorLoss(0.01));
  EXPECT_FALSE(alarm.OnDiscriminatorLoss(0.01));
  EXPECT_FALSE(alarm.OnDiscriminatorLoss(0.5));
  EXPECT_FALSE(alarm.OnDiscriminatorLoss(0.01));
  EXPECT_FALSE(alarm.OnDiscriminatorLoss(0.01));
  EXPECT_THAT(alarm.OnDiscriminatorLoss(0.01).value_or(""), HasSubstr("below 0.0200 in 3 reports in a row"));
  EXPECT_FALSE(alarm.OnDiscriminatorLoss(0.01));
}

TEST(CollapseAlarm, TakesLossesThatMayBeNegative) {
  CollapseAlarm alarm({.least_discriminator_loss = 0, .loss_reports = 1});
  EXPECT_FALSE(alarm.OnDiscriminatorLoss(-5));
}

TEST(CollapseAlarm, GoesOnFromItsState) {
  CollapseAlarm first({.loss_reports = 2});
  first.OnQuality(WithRecall(0.4), {});
  first.OnDiscriminatorLoss(0);
  CollapseAlarm resumed({.loss_reports = 2}, first.state());
  EXPECT_EQ(resumed.OnQuality(WithRecall(0.1), {}).size(), 1);
  EXPECT_TRUE(resumed.OnDiscriminatorLoss(0));
}

}  // namespace
}  // namespace ganserve
