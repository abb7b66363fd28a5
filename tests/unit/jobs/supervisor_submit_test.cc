// What TrainSupervisor accepts.
#include <future>
#include <stop_token>

#include "tests/unit/jobs/supervisor_fixture.h"

namespace ganserve {
namespace {

using ::testing::HasSubstr;

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

TEST_F(SupervisorTest, TrainersAreToldTheirDevice) {
  options_.runner.device = "cuda:3";
  Start();
  const std::string id = SubmitOk("device");
  EXPECT_EQ(EventsUntil(id, [](const auto& event) { return event.has_log_line(); }).back().log_line().text(), "cuda:3");
}

TEST_F(SupervisorTest, ATrainersMemoryIsLimitedByTheServerAndByTheSpec) {
  options_.runner.memory_limit_bytes = uint64_t{1} << 50;  // more than a sanitizer's shadow takes
  Start();
  const auto limit_of = [this](uint64_t bytes) {
    v1::TrainSpec spec = Spec("limit");
    spec.set_memory_limit_bytes(bytes);
    const Info info = Submit(spec);
    EXPECT_TRUE(info.ok()) << info.status();
    return EventsUntil(info->id(), [](const auto& event) { return event.has_log_line(); }).back().log_line().text();
  };
  EXPECT_EQ(limit_of(0), "1125899906842624");
  EXPECT_EQ(limit_of(uint64_t{1} << 49), "562949953421312");
  EXPECT_EQ(limit_of(uint64_t{1} << 51), "1125899906842624");
}

}  // namespace
}  // namespace ganserve
