#include "server/serving/memory_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ganserve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr uint64_t kMiB = 1 << 20;

// A process of 100 MiB with 2 workers, whose largest answer takes 20 MiB.
MemoryNeeds Needs(uint64_t limit_mib, size_t max_batch_images) {
  return {.limit = {limit_mib * kMiB, "--memory-limit"},
          .resident_bytes = 100 * kMiB,
          .workers = 2,
          .max_batch_images = max_batch_images,
          .answer_bytes = 20 * kMiB};
}

class MemoryPlanTest : public testing::Test {
 protected:
  absl::StatusOr<MemoryPlan> Plan(const MemoryNeeds& needs, uint64_t mib_per_image) {
    return PlanMemory(needs, [&, mib_per_image](size_t images) {
      tried_.push_back(images);
      return images * mib_per_image * kMiB;
    });
  }

  std::vector<size_t> tried_;
};

TEST_F(MemoryPlanTest, WithRoomTheBatchIsAsWishedAndAnswersGetWhatIsLeft) {
  const auto plan = Plan(Needs(1000, 24), 3);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->max_batch_images, 24u);
  EXPECT_EQ(plan->worker_bytes, 72 * kMiB);
  EXPECT_EQ(plan->answer_bytes, (900 - 100 - 2 * 72) * kMiB);
  EXPECT_THAT(tried_, ElementsAre(1, 2, 4, 8, 16, 24));
}

TEST_F(MemoryPlanTest, ALargeBatchIsMadeSmallerAndNeverTried) {
  // 360 usable: 240 for two workers, 120 for one.
  const auto plan = Plan(Needs(400, 64), 10);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->max_batch_images, 8u);
  EXPECT_THAT(tried_, ElementsAre(1, 2, 4, 8)) << "16 would have taken more than there is";
  EXPECT_EQ(plan->answer_bytes, 100 * kMiB);
}

TEST_F(MemoryPlanTest, ABatchThatTakesMoreThanItsShareIsGivenUp) {
  const auto plan = PlanMemory(Needs(430, 64), [](size_t images) { return images * images * kMiB; });
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->max_batch_images, 8u) << "64 MiB; 16 images should have taken 128 MiB, and take 256";
  EXPECT_EQ(plan->worker_bytes, 64 * kMiB);
}

TEST_F(MemoryPlanTest, APassThatSeemsToTakeLessThanASmallerOneCountsWithThat) {
  const auto plan = PlanMemory(Needs(1000, 4), [](size_t images) { return (images == 1 ? 9 : 1) * kMiB; });
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->worker_bytes, 9 * kMiB);
}

TEST_F(MemoryPlanTest, FitsToTheLastByteAndNoFurther) {
  // 100 + 2 x 15 + 20 = 150 usable of 166 2/3.
  MemoryNeeds needs = Needs(0, 1);
  needs.limit.bytes = 150 * kMiB * 10 / 9;
  EXPECT_TRUE(Plan(needs, 15).ok());
  needs.answer_bytes += 2;
  EXPECT_FALSE(Plan(needs, 15).ok());
}

TEST_F(MemoryPlanTest, WhereSingleImagesDoNotFitItSaysWhatTakesHowMuchAndWhatToChange) {
  const auto plan = Plan(Needs(160, 64), 30);
  EXPECT_EQ(plan.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(
      std::string(plan.status().message()),
      "the memory limit of 160 MiB (--memory-limit) is too small: the process with its models takes 100 MiB, each "
      "of 2 workers 30 MiB for a single image, the largest answer 20 MiB, and a tenth stays spare; give at least "
      "201 MiB, or lower --workers, --versions-per-model, --max-response-bytes or --stream-window-images");
  const auto enough = Plan(Needs(201, 1), 30);
  EXPECT_TRUE(enough.ok()) << "what the message asks for is enough: " << enough.status();
}

TEST_F(MemoryPlanTest, WhereNotEvenTheProcessFitsNothingIsTried) {
  const auto plan = Plan(Needs(64, 16), 1);
  EXPECT_THAT(
      std::string(plan.status().message()),
      HasSubstr("takes 100 MiB, the largest answer 20 MiB, and a tenth stays spare; give at least 134 MiB, or"));
  EXPECT_THAT(tried_, ElementsAre());
}

TEST_F(MemoryPlanTest, WithoutAKnownLimitEverythingFits) {
  MemoryNeeds needs = Needs(0, 4096);
  needs.limit = {};
  const auto plan = Plan(needs, 100);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->max_batch_images, 4096u);
}

}  // namespace
}  // namespace ganserve
