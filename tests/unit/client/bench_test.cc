#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "client/bench/arrivals.h"
#include "client/bench/latency_histogram.h"
#include "client/bench/load.h"
#include "tests/unit/client/fake_image_service.h"

namespace ganserve::bench {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using testing::HasSubstr;

TEST(LatencyHistogram, IsZeroWhenEmpty) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.Percentile(0.5).count(), 0);
  EXPECT_EQ(histogram.Max().count(), 0);
  EXPECT_EQ(histogram.Mean().count(), 0);
}

TEST(LatencyHistogram, IsExactForSmallTimes) {
  LatencyHistogram histogram;
  for (int ns = 1; ns <= 100; ++ns) histogram.Record(nanoseconds(ns));
  EXPECT_EQ(histogram.Percentile(0.50).count(), 50);
  EXPECT_EQ(histogram.Percentile(0.99).count(), 99);
  EXPECT_EQ(histogram.Percentile(0.0).count(), 1);
  EXPECT_EQ(histogram.Percentile(1.0).count(), 100);
}

class Scale : public testing::TestWithParam<int64_t> {};

TEST_P(Scale, IsKnownToWithinOnePercent) {
  LatencyHistogram histogram;
  for (int i = 1; i <= 1000; ++i) histogram.Record(nanoseconds(i * GetParam()));
  for (const double fraction : {0.5, 0.95, 0.99}) {
    const double exact = fraction * 1000 * static_cast<double>(GetParam());
    const double got = static_cast<double>(histogram.Percentile(fraction).count());
    EXPECT_GE(got, exact) << fraction;
    EXPECT_LE(got, exact * 1.01) << fraction;
  }
  EXPECT_EQ(histogram.Max().count(), 1000 * GetParam());
  EXPECT_NEAR(static_cast<double>(histogram.Mean().count()), 500.5 * static_cast<double>(GetParam()), 1.0);
}

INSTANTIATE_TEST_SUITE_P(LatencyHistogram, Scale, testing::Values(1, 1'000, 1'234'567, 3'600'000'000'000));

TEST(LatencyHistogram, TakesAnyTime) {
  LatencyHistogram histogram;
  histogram.Record(nanoseconds(-5));
  EXPECT_EQ(histogram.Percentile(1.0).count(), 0);
  histogram.Record(nanoseconds::max());
  EXPECT_EQ(histogram.Percentile(1.0), nanoseconds::max());
}

TEST(LatencyHistogram, OneSlowCallShowsInTheMaximumOnly) {
  LatencyHistogram histogram;
  for (int i = 0; i < 999; ++i) histogram.Record(milliseconds(1));
  histogram.Record(seconds(5));
  EXPECT_LT(histogram.Percentile(0.99), milliseconds(2));
  EXPECT_EQ(histogram.Max(), seconds(5));
}

TEST(Arrivals, AreEquallySpacedWhenUniform) {
  Arrivals arrivals(1000, false, 1);
  for (int i = 0; i < 1'000'000; ++i) arrivals.Next();
  EXPECT_EQ(arrivals.Next(), seconds(1000));
}

TEST(Arrivals, KeepTheRateAndBurstWhenPoisson) {
  Arrivals arrivals(1000, true, 1);
  nanoseconds last(0), now(0);
  int close = 0;
  for (int i = 0; i < 100'000; ++i, last = now) {
    now = arrivals.Next();
    ASSERT_GE(now, last);
    if (now - last < microseconds(100)) ++close;
  }
  // 100,000 gaps of 1 ms have a standard deviation of 0.3 s; 1 - exp(-0.1) = 9.5 % of them are below 0.1 ms.
  EXPECT_NEAR(std::chrono::duration<double>(last).count(), 100.0, 2.0);
  EXPECT_NEAR(close, 9516, 500);
}

TEST(Arrivals, RepeatForASeed) {
  Arrivals a(10, true, 7), b(10, true, 7), c(10, true, 8);
  const nanoseconds first = a.Next();
  EXPECT_EQ(first, b.Next());
  EXPECT_NE(first, c.Next());
}

LoadPlan Calls(uint64_t calls, uint32_t count) {
  LoadPlan plan;
  plan.request.set_seed(100);
  plan.request.set_count(count);
  plan.warmup = nanoseconds(0);
  plan.calls = calls;
  return plan;
}

class LoadTest : public testing::Test {
 protected:
  LoadReport Run(const LoadPlan& plan) {
    return RunLoad(plan, {.server = server_.address(), .token = "secret"}, std::stop_token()).value();
  }

  client::FakeServer server_;
};

TEST_F(LoadTest, ClosedLoopMakesExactlyTheCallsAskedFor) {
  LoadPlan plan = Calls(25, 3);
  plan.callers = 4;
  plan.channels = 2;
  const LoadReport report = Run(plan);
  EXPECT_EQ(report.calls, 25u);
  EXPECT_EQ(report.images, 75u);
  EXPECT_EQ(report.latency.count(), 25u);
  EXPECT_GT(report.seconds, 0);
  EXPECT_EQ(server_.service().seen().size(), 25u);
}

TEST_F(LoadTest, GivesEachCallItsOwnSeedAndTheToken) {
  Run(Calls(3, 1));
  std::vector<uint64_t> seeds;
  for (const client::SeenCall& call : server_.service().seen()) {
    seeds.push_back(call.request.seed());
    EXPECT_EQ(call.authorization, "Bearer secret");
  }
  EXPECT_THAT(seeds, testing::ElementsAre(100, 101, 102));
}

TEST_F(LoadTest, ClosedLoopEndsAfterItsDuration) {
  LoadPlan plan = Calls(0, 1);
  plan.duration = milliseconds(20);
  EXPECT_DOUBLE_EQ(Run(plan).seconds, 0.02);
  EXPECT_FALSE(server_.service().seen().empty());
}

TEST_F(LoadTest, StreamsCountEveryImage) {
  LoadPlan plan = Calls(4, 50);
  plan.stream = true;
  const LoadReport report = Run(plan);
  EXPECT_EQ(report.calls, 4u);
  EXPECT_EQ(report.images, 200u);
}

TEST_F(LoadTest, OpenLoopMakesExactlyTheCallsAskedFor) {
  LoadPlan plan = Calls(30, 2);
  plan.rate = 10'000;
  const LoadReport report = Run(plan);
  EXPECT_EQ(report.calls, 30u);
  EXPECT_EQ(report.images, 60u);
  EXPECT_EQ(report.unsent, 0u);
}

TEST_F(LoadTest, OpenLoopSurvivesStreamsThatEndWhileTheyStart) {
  LoadPlan plan = Calls(500, 1);
  plan.stream = true;
  plan.rate = 1e6;
  const LoadReport report = Run(plan);
  EXPECT_EQ(report.calls, 500u);
  EXPECT_EQ(report.images, 500u);
}

TEST_F(LoadTest, OpenLoopGoesOnWhileTheServerStalls) {
  // The first call is answered when the other nine have come; a closed loop would wait for ever.
  std::latch others(9);
  std::vector<client::Reply> replies(10, {.before_end = [&] { others.count_down(); }});
  replies[0].before_end = [&] { others.wait(); };
  server_.service().Script(replies);
  LoadPlan plan = Calls(10, 1);
  plan.rate = 1e6;
  EXPECT_EQ(Run(plan).calls, 10u);
}

TEST_F(LoadTest, OpenLoopBoundsWhatIsUnderWay) {
  LoadPlan plan = Calls(200, 1);
  plan.rate = 1e6;
  plan.max_in_flight = 1;
  const LoadReport report = Run(plan);
  EXPECT_GT(report.unsent, 0u);
  EXPECT_EQ(report.calls + report.unsent, 200u);
}

TEST_F(LoadTest, CountsErrorsByCodeWithoutTryingAgain) {
  server_.service().Script({{.status = {grpc::StatusCode::UNAVAILABLE, "stopping"}},
                            {.status = {grpc::StatusCode::RESOURCE_EXHAUSTED, "full"}},
                            {.status = {grpc::StatusCode::RESOURCE_EXHAUSTED, "full"}}});
  const LoadReport report = Run(Calls(5, 1));
  EXPECT_EQ(report.calls, 2u);
  EXPECT_EQ(report.failed(), 3u);
  EXPECT_EQ(report.errors.at("RESOURCE_EXHAUSTED"), 2u);
  EXPECT_EQ(report.errors.at("UNAVAILABLE"), 1u);
  EXPECT_EQ(report.first_error, "stopping");
  EXPECT_EQ(report.latency.count(), 2u);
}

TEST_F(LoadTest, LetsGrpcTryAgainAsAServiceConfigSays) {
  server_.service().Script({{.status = {grpc::StatusCode::UNAVAILABLE, "stopping"}},
                            {.status = {grpc::StatusCode::RESOURCE_EXHAUSTED, "full"}}});
  const client::ClientOptions options{.server = server_.address(), .service_config = R"({"methodConfig": [{
      "name": [{"service": "ganserve.v1.ImageService"}],
      "retryPolicy": {"maxAttempts": 2, "initialBackoff": "0.001s", "maxBackoff": "0.001s", "backoffMultiplier": 1,
                      "retryableStatusCodes": ["UNAVAILABLE"]}}]})"};
  const LoadReport report = RunLoad(Calls(5, 1), options, std::stop_token()).value();
  EXPECT_EQ(report.calls + report.failed(), 5u);
  EXPECT_EQ(report.errors, (std::map<std::string, uint64_t>{{"RESOURCE_EXHAUSTED", 1}}));
  EXPECT_EQ(server_.service().seen().size(), 6u);
}

TEST_F(LoadTest, EndsWhenStopped) {
  std::stop_source source;
  source.request_stop();
  LoadPlan plan = Calls(1'000'000, 1);
  const client::ClientOptions options{.server = server_.address()};
  EXPECT_EQ(RunLoad(plan, options, source.get_token()).value().calls, 0u);
  plan.rate = 0.001;
  EXPECT_EQ(RunLoad(plan, options, source.get_token()).value().calls, 0u);
}

TEST(RunLoad, NamesWhatIsWrongWithAPlan) {
  LoadPlan plan = Calls(1, 1);
  plan.callers = 0;
  const absl::Status status = RunLoad(plan, {}, std::stop_token()).status();
  EXPECT_EQ(status.message(), "callers must be 1 to 65536, got 0");
}

TEST(LoadReport, SaysTheSameInTextAndJson) {
  LoadPlan plan = Calls(2, 4);
  plan.callers = 3;
  LoadReport report;
  report.calls = 10;
  report.images = 40;
  report.seconds = 2;
  report.errors["RESOURCE_EXHAUSTED"] = 5;
  report.latency.Record(milliseconds(8));
  const std::string text = ReportText(plan, report);
  EXPECT_THAT(text, HasSubstr("closed loop, 3 callers x 4 images, unary, 2.00 s"));
  EXPECT_THAT(text, HasSubstr("images/s   20.0\n"));
  EXPECT_THAT(text, HasSubstr("error      RESOURCE_EXHAUSTED 5\n"));
  const auto json = nlohmann::json::parse(ReportJson(plan, report));
  EXPECT_EQ(json["images_per_s"], 20.0);
  EXPECT_EQ(json["calls_per_s"], 5.0);
  EXPECT_EQ(json["latency_ms"]["p99"], 8.0);
  EXPECT_EQ(json["errors"]["RESOURCE_EXHAUSTED"], 5);
  EXPECT_EQ(json["callers"], 3);
}

}  // namespace
}  // namespace ganserve::bench
