#include "server/metrics/prometheus_metrics.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "server/base/unique_fd.h"
#include "tests/unit/metrics/exposition.h"

namespace ganserve {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

const PrometheusMetrics::Options kOptions = {
    .methods = {"Generate", "GenerateStream"}, .version = "0.1.0", .torch = "2.15.0", .device = "cpu"};

Exposition Scrape(const PrometheusMetrics& metrics) { return Exposition(metrics.Text()); }

TEST(PrometheusMetrics, EveryFamilyHasHelpAndItsTypeBeforeAnythingHappens) {
  PrometheusMetrics metrics(kOptions);
  metrics.models().SetModels({{.model = "m", .version = 1, .digest = "d", .on_duty = true}});
  metrics.models().SetRefused({{"m", 0}});
  metrics.training().SetJob("a-job", {.checkpoint_time_ms = 1'000, .last_event_time_ms = 1'000});
  const Exposition scrape = Scrape(metrics);
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"ganserve_requests_total", "counter"},
      {"ganserve_images_total", "counter"},
      {"ganserve_images_dropped_total", "counter"},
      {"ganserve_batch_failures_total", "counter"},
      {"ganserve_model_switches_total", "counter"},
      {"ganserve_trainer_restarts_total", "counter"},
      {"ganserve_train_jobs", "gauge"},
      {"ganserve_train_watchers", "gauge"},
      {"ganserve_train_steps", "gauge"},
      {"ganserve_train_discriminator_loss", "gauge"},
      {"ganserve_train_generator_loss", "gauge"},
      {"ganserve_train_images_per_second", "gauge"},
      {"ganserve_train_checkpoint_timestamp_seconds", "gauge"},
      {"ganserve_train_last_event_timestamp_seconds", "gauge"},
      {"ganserve_train_checkpoint_seconds", "histogram"},
      {"ganserve_request_seconds", "histogram"},
      {"ganserve_queue_seconds", "histogram"},
      {"ganserve_forward_seconds", "histogram"},
      {"ganserve_encode_seconds", "histogram"},
      {"ganserve_batch_images", "histogram"},
      {"ganserve_requests_in_flight", "gauge"},
      {"ganserve_queue_images", "gauge"},
      {"ganserve_workers", "gauge"},
      {"ganserve_saturation", "gauge"},
      {"ganserve_worker_busy_seconds_total", "counter"},
      {"ganserve_ready", "gauge"},
      {"ganserve_memory_limit_bytes", "gauge"},
      {"ganserve_memory_budget_bytes", "gauge"},
      {"ganserve_answer_memory_bytes", "gauge"},
      {"ganserve_model_info", "gauge"},
      {"ganserve_model_versions_refused", "gauge"},
      {"ganserve_build_info", "gauge"},
      {"process_cpu_seconds_total", "counter"},
      {"process_resident_memory_bytes", "gauge"},
      {"process_open_fds", "gauge"},
      {"process_max_fds", "gauge"},
      {"process_threads", "gauge"},
      {"process_start_time_seconds", "gauge"}};
  for (const auto& [name, type] : expected) {
    ASSERT_TRUE(scrape.types.contains(name)) << name;
    EXPECT_EQ(scrape.types.at(name), type) << name;
    EXPECT_TRUE(scrape.helped.contains(name)) << name;
    EXPECT_GT(scrape.Count(name), 0) << name;
  }
  EXPECT_EQ(scrape.types.size(), expected.size());
}

TEST(PrometheusMetrics, AJobsSeriesComeAndGoWithIt) {
  PrometheusMetrics metrics(kOptions);
  metrics.training().SetJob("a", {.step = 7});
  EXPECT_EQ(Scrape(metrics).Count("ganserve_train_steps"), 1);
  metrics.training().RemoveJob("a");
  EXPECT_EQ(Scrape(metrics).Count("ganserve_train_steps"), 0);
}

TEST(PrometheusMetrics, OnlyRunningJobsHaveTheTimeOfTheirLastEvent) {
  PrometheusMetrics metrics(kOptions);
  metrics.training().SetJob("running", {.last_event_time_ms = 1'700'000'000'250});
  metrics.training().SetJob("paused", {.last_event_time_ms = 0});
  const Exposition scrape = Scrape(metrics);
  EXPECT_EQ(scrape.Value("ganserve_train_last_event_timestamp_seconds{job_id=\"running\"}"), 1'700'000'000.25);
  EXPECT_EQ(scrape.Count("ganserve_train_last_event_timestamp_seconds"), 1);
}

TEST(PrometheusMetrics, CountsTheRefusedVersionsOfEachModelAndForgetsModelsThatAreGone) {
  PrometheusMetrics metrics(kOptions);
  metrics.models().SetRefused({{"hats", 2}, {"shoes", 0}});
  EXPECT_EQ(Scrape(metrics).Value("ganserve_model_versions_refused{model=\"hats\"}"), 2);
  EXPECT_EQ(Scrape(metrics).Value("ganserve_model_versions_refused{model=\"shoes\"}"), 0);
  metrics.models().SetRefused({{"shoes", 0}});
  EXPECT_EQ(Scrape(metrics).Count("ganserve_model_versions_refused"), 1);
}

TEST(PrometheusMetrics, TellsTheMemoryLimitTheBudgetAndReadiness) {
  PrometheusMetrics metrics(kOptions);
  metrics.SetMemory(1 << 30, std::make_shared<AnswerMemory>(1 << 20));
  metrics.SetReady(true);
  const Exposition scrape = Scrape(metrics);
  EXPECT_EQ(scrape.Value("ganserve_memory_limit_bytes"), 1 << 30);
  EXPECT_EQ(scrape.Value("ganserve_memory_budget_bytes"), 1 << 20);
  EXPECT_EQ(scrape.Value("ganserve_ready"), 1);
  metrics.SetReady(false);
  EXPECT_EQ(Scrape(metrics).Value("ganserve_ready"), 0);
}

// What alerts on the latency objective divide by, and what tells a hanging call from a slow one.
TEST(PrometheusMetrics, HistogramsOfSecondsHaveABucketAtAQuarterSecondAndReachAMinute) {
  const Exposition scrape = Scrape(PrometheusMetrics(kOptions));
  for (const std::string series :
       {"ganserve_request_seconds_bucket{method=\"Generate\",", "ganserve_queue_seconds_bucket{",
        "ganserve_forward_seconds_bucket{", "ganserve_encode_seconds_bucket{"}) {
    for (const std::string bound : {"0.25", "10", "30", "60", "+Inf"}) {
      EXPECT_EQ(scrape.Value(series + "le=\"" + bound + "\"}"), 0) << series << bound;
    }
  }
}

TEST(PrometheusMetrics, SeriesStandAtZeroBeforeAnythingHappens) {
  const PrometheusMetrics metrics(kOptions);
  const Exposition scrape = Scrape(metrics);
  for (const char* series : {"ganserve_images_total",
                             "ganserve_images_dropped_total{reason=\"cancelled\"}",
                             "ganserve_images_dropped_total{reason=\"expired\"}",
                             "ganserve_images_dropped_total{reason=\"rejected\"}",
                             "ganserve_images_dropped_total{reason=\"failed\"}",
                             "ganserve_batch_failures_total",
                             "ganserve_queue_images",
                             "ganserve_queue_seconds_count",
                             "ganserve_forward_seconds_count",
                             "ganserve_encode_seconds_count",
                             "ganserve_saturation",
                             "ganserve_worker_busy_seconds_total",
                             "ganserve_ready",
                             "ganserve_batch_images_count",
                             "ganserve_requests_in_flight{method=\"Generate\"}",
                             "ganserve_requests_in_flight{method=\"other\"}",
                             "ganserve_request_seconds_count{method=\"GenerateStream\"}",
                             "ganserve_model_switches_total{cause=\"promotion\",result=\"failed\"}",
                             "ganserve_requests_total{code=\"OK\",method=\"Generate\"}",
                             "ganserve_requests_total{code=\"RESOURCE_EXHAUSTED\",method=\"GenerateStream\"}"}) {
    EXPECT_EQ(scrape.Value(series), 0.0) << series;
  }
  EXPECT_EQ(scrape.Count("ganserve_requests_total{"), 3 * 17);
}

TEST(PrometheusMetrics, CountsWhatServingReports) {
  PrometheusMetrics metrics(kOptions);
  metrics.SetQueueDepth(12);
  metrics.SetCapacity(2, 100);
  metrics.ObserveQueueTime(milliseconds(4));
  metrics.ObserveBatch(16, milliseconds(9));
  metrics.ObserveBatch(17, milliseconds(11));
  metrics.ObserveEncode(16, microseconds(300));
  metrics.CountImages(33);
  metrics.CountDropped(DropReason::kCancelled, 1);
  metrics.CountDropped(DropReason::kExpired, 2);
  metrics.CountDropped(DropReason::kRejected, 4);
  metrics.CountDropped(DropReason::kFailed, 8);
  metrics.CountBatchFailure();

  const Exposition scrape = Scrape(metrics);
  EXPECT_EQ(scrape.Value("ganserve_queue_images"), 12);
  EXPECT_EQ(scrape.Value("ganserve_workers"), 2);
  EXPECT_EQ(scrape.Value("ganserve_queue_seconds_sum"), 0.004);
  EXPECT_EQ(scrape.Value("ganserve_batch_images_sum"), 33);
  EXPECT_EQ(scrape.Value("ganserve_batch_images_bucket{le=\"16\"}"), 1);
  EXPECT_EQ(scrape.Value("ganserve_batch_images_bucket{le=\"32\"}"), 2);
  EXPECT_EQ(scrape.Value("ganserve_forward_seconds_bucket{le=\"0.01\"}"), 1);
  EXPECT_EQ(scrape.Value("ganserve_forward_seconds_bucket{le=\"0.015\"}"), 2);
  EXPECT_EQ(scrape.Value("ganserve_encode_seconds_bucket{le=\"0.00025\"}"), 0);
  EXPECT_EQ(scrape.Value("ganserve_encode_seconds_bucket{le=\"0.0005\"}"), 1);
  EXPECT_EQ(scrape.Value("ganserve_images_total"), 33);
  EXPECT_EQ(scrape.Value("ganserve_images_dropped_total{reason=\"cancelled\"}"), 1);
  EXPECT_EQ(scrape.Value("ganserve_images_dropped_total{reason=\"expired\"}"), 2);
  EXPECT_EQ(scrape.Value("ganserve_images_dropped_total{reason=\"rejected\"}"), 4);
  EXPECT_EQ(scrape.Value("ganserve_images_dropped_total{reason=\"failed\"}"), 8);
  EXPECT_EQ(scrape.Value("ganserve_batch_failures_total"), 1);
}

TEST(PrometheusMetrics, CountsCallsByMethodAndCode) {
  PrometheusMetrics metrics(kOptions);
  metrics.CallStarted("Generate");
  metrics.CallStarted("Generate");
  EXPECT_EQ(Scrape(metrics).Value("ganserve_requests_in_flight{method=\"Generate\"}"), 2);
  metrics.CallFinished("Generate", absl::StatusCode::kOk, milliseconds(20));
  metrics.CallFinished("Generate", absl::StatusCode::kUnauthenticated, milliseconds(1));

  const Exposition scrape = Scrape(metrics);
  EXPECT_EQ(scrape.Value("ganserve_requests_in_flight{method=\"Generate\"}"), 0);
  EXPECT_EQ(scrape.Value("ganserve_requests_total{code=\"OK\",method=\"Generate\"}"), 1);
  EXPECT_EQ(scrape.Value("ganserve_requests_total{code=\"UNAUTHENTICATED\",method=\"Generate\"}"), 1);
  EXPECT_EQ(scrape.Value("ganserve_requests_total{code=\"OK\",method=\"GenerateStream\"}"), 0);
  EXPECT_EQ(scrape.Value("ganserve_request_seconds_sum{method=\"Generate\"}"), 0.021);
}

TEST(PrometheusMetrics, InventedMethodsAndCodesMakeNoSeries) {
  PrometheusMetrics metrics(kOptions);
  const size_t before = Scrape(metrics).samples.size();
  for (int i = 0; i < 1000; ++i) {
    const std::string method = "Invented\"\n" + std::to_string(i);
    metrics.CallStarted(method);
    metrics.CallFinished(method, static_cast<absl::StatusCode>(i), milliseconds(1));
    metrics.CallStarted("");
    metrics.CallFinished("", static_cast<absl::StatusCode>(-i - 1), milliseconds(1));
  }
  const Exposition scrape = Scrape(metrics);
  EXPECT_EQ(scrape.samples.size(), before);
  EXPECT_EQ(scrape.Value("ganserve_request_seconds_count{method=\"other\"}"), 2000);
  EXPECT_EQ(scrape.Value("ganserve_requests_in_flight{method=\"other\"}"), 0);
  EXPECT_EQ(scrape.Value("ganserve_requests_total{code=\"UNKNOWN\",method=\"other\"}"), 2000 - 16);
}

TEST(PrometheusMetrics, ShowsTheModelsLoadedNowAndNoOthers) {
  PrometheusMetrics metrics(kOptions);
  EXPECT_EQ(Scrape(metrics).Count("ganserve_model_info"), 0);
  metrics.models().SetModels({{.model = "fashion", .version = 1, .digest = "aa", .on_duty = true}});
  EXPECT_EQ(Scrape(metrics).Value(R"(ganserve_model_info{model="fashion",version="1",digest="aa",on_duty="true"})"), 1);
  metrics.models().SetModels({{.model = "fashion", .version = 1, .digest = "aa", .on_duty = false},
                              {.model = "fashion", .version = 2, .digest = "bb", .on_duty = true}});
  const Exposition scrape = Scrape(metrics);
  EXPECT_EQ(scrape.Count("ganserve_model_info"), 2);
  EXPECT_EQ(scrape.Value(R"(ganserve_model_info{model="fashion",version="1",digest="aa",on_duty="false"})"), 1);
  EXPECT_EQ(scrape.Value(R"(ganserve_model_info{model="fashion",version="2",digest="bb",on_duty="true"})"), 1);
}

TEST(PrometheusMetrics, CountsSwitchesByCauseAndResult) {
  PrometheusMetrics metrics(kOptions);
  for (const SwitchCause cause : {SwitchCause::kActivation, SwitchCause::kPromotion, SwitchCause::kFollowed}) {
    for (int i = 0; i <= static_cast<int>(cause); ++i) metrics.models().CountSwitch(cause, true);
  }
  metrics.models().CountSwitch(SwitchCause::kFollowed, false);
  const Exposition scrape = Scrape(metrics);
  EXPECT_EQ(scrape.Value(R"(ganserve_model_switches_total{cause="activation",result="ok"})"), 1);
  EXPECT_EQ(scrape.Value(R"(ganserve_model_switches_total{cause="promotion",result="ok"})"), 2);
  EXPECT_EQ(scrape.Value(R"(ganserve_model_switches_total{cause="followed",result="ok"})"), 3);
  EXPECT_EQ(scrape.Value(R"(ganserve_model_switches_total{cause="activation",result="failed"})"), 0);
  EXPECT_EQ(scrape.Value(R"(ganserve_model_switches_total{cause="followed",result="failed"})"), 1);
}

TEST(PrometheusMetrics, SaysWhatWasBuilt) {
  const PrometheusMetrics metrics(kOptions);
  EXPECT_EQ(Scrape(metrics).Value(R"(ganserve_build_info{device="cpu",torch="2.15.0",version="0.1.0"})"), 1);
}

TEST(PrometheusMetrics, BucketsReachFromBelowAMillisecondToBeyondTenSeconds) {
  PrometheusMetrics metrics(kOptions);
  metrics.ObserveQueueTime(microseconds(600));
  metrics.ObserveQueueTime(std::chrono::seconds(11));
  const Exposition scrape = Scrape(metrics);
  EXPECT_EQ(scrape.Value("ganserve_queue_seconds_bucket{le=\"0.0005\"}"), 0);
  EXPECT_EQ(scrape.Value("ganserve_queue_seconds_bucket{le=\"0.001\"}"), 1);
  EXPECT_EQ(scrape.Value("ganserve_queue_seconds_bucket{le=\"10\"}"), 1);
  EXPECT_EQ(scrape.Value("ganserve_queue_seconds_bucket{le=\"30\"}"), 2);
}

TEST(PrometheusMetrics, ProcessBasicsAreOfThisProcess) {
  const PrometheusMetrics metrics(kOptions);
  const Exposition before = Scrape(metrics);
  EXPECT_GT(before.Value("process_cpu_seconds_total"), 0);
  EXPECT_GT(before.Value("process_resident_memory_bytes"), 1 << 20);
  EXPECT_GE(before.Value("process_max_fds"), before.Value("process_open_fds"));
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  EXPECT_LE(before.Value("process_start_time_seconds"), now.count() + 2);  // btime is rounded to seconds
  EXPECT_GT(before.Value("process_start_time_seconds"), now.count() - 3600);

  const UniqueFd first(open("/dev/null", O_RDONLY));
  const UniqueFd second(open("/dev/null", O_RDONLY));
  const Exposition after = Scrape(metrics);
  EXPECT_EQ(after.Value("process_open_fds").value_or(0) - before.Value("process_open_fds").value_or(0), 2);
}

TEST(PrometheusMetrics, ThreadsMayReportWhileOthersScrape) {
  PrometheusMetrics metrics(kOptions);
  constexpr int kThreads = 4;
  constexpr int kCalls = 500;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&metrics] {
        for (int call = 0; call < kCalls; ++call) {
          metrics.CallStarted("Generate");
          metrics.ObserveBatch(1, milliseconds(1));
          metrics.CountImages(1);
          metrics.CallFinished("Generate", absl::StatusCode::kOk, milliseconds(1));
        }
      });
    }
    threads.emplace_back([&metrics] {
      for (uint64_t version = 1; version <= 20; ++version) {
        metrics.models().SetModels({{.model = "m", .version = version, .digest = "d", .on_duty = true}});
        EXPECT_EQ(Scrape(metrics).Count("ganserve_model_info"), 1);
      }
    });
  }
  const Exposition scrape = Scrape(metrics);
  EXPECT_EQ(scrape.Value("ganserve_images_total"), kThreads * kCalls);
  EXPECT_EQ(scrape.Value("ganserve_requests_total{code=\"OK\",method=\"Generate\"}"), kThreads * kCalls);
  EXPECT_EQ(scrape.Value("ganserve_batch_images_count"), kThreads * kCalls);
}

}  // namespace
}  // namespace ganserve
