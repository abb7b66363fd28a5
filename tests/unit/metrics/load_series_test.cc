#include "server/metrics/load_series.h"

#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <chrono>
#include <cmath>
#include <memory>
#include <string>

#include "tests/support/fake_clock.h"

namespace ganserve {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class LoadSeriesTest : public testing::Test {
 protected:
  double Scrape(const std::string& name) const {
    for (const prometheus::MetricFamily& family : series_.Collect()) {
      if (family.name != name) continue;
      const prometheus::ClientMetric& metric = family.metric.at(0);
      return family.type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value;
    }
    ADD_FAILURE() << "no family " << name;
    return -1;
  }
  double Saturation() const { return Scrape("ganserve_saturation"); }
  double BusySeconds() const { return Scrape("ganserve_worker_busy_seconds_total"); }

  FakeClock clock_;
  prometheus::Registry registry_;
  LoadSeries series_{registry_, clock_};
};

TEST_F(LoadSeriesTest, AnIdleServerIsNotSaturated) {
  series_.SetCapacity(4, 100);
  clock_.Advance(seconds(60));
  EXPECT_EQ(Saturation(), 0);
  EXPECT_EQ(BusySeconds(), 0);
}

TEST_F(LoadSeriesTest, BeforeItsCapacityIsKnownSaturationIsZero) {
  series_.SetBusyWorkers(3);
  series_.SetQueueDepth(50);
  clock_.Advance(seconds(60));
  EXPECT_EQ(Saturation(), 0);
}

TEST_F(LoadSeriesTest, WorkersAtWorkSaturateItWithinSeconds) {
  series_.SetCapacity(4, 100);
  series_.SetBusyWorkers(2);
  EXPECT_EQ(Saturation(), 0) << "not at once: one call is no load";
  clock_.Advance(seconds(10));
  EXPECT_NEAR(Saturation(), 0.5 * (1 - std::exp(-1.0)), 1e-9);
  clock_.Advance(seconds(90));
  EXPECT_NEAR(Saturation(), 0.5, 1e-4);
}

TEST_F(LoadSeriesTest, ItFadesWhenTheWorkIsDone) {
  series_.SetCapacity(1, 100);
  series_.SetBusyWorkers(1);
  clock_.Advance(seconds(1000));
  EXPECT_NEAR(Saturation(), 1.0, 1e-9);
  series_.SetBusyWorkers(0);
  clock_.Advance(seconds(10));
  EXPECT_NEAR(Saturation(), std::exp(-1.0), 1e-9);
}

// Two servers with the same load, one of which is scraped all the time and told of every little change.
TEST_F(LoadSeriesTest, NeitherScrapesNorTheNumberOfChangesMoveIt) {
  prometheus::Registry registry;
  LoadSeries other(registry, clock_);
  series_.SetCapacity(2, 100);
  other.SetCapacity(2, 100);
  other.SetBusyWorkers(1);
  for (int i = 0; i < 500; ++i) {
    series_.SetBusyWorkers(1);
    Saturation();
    clock_.Advance(milliseconds(20));
  }
  EXPECT_NEAR(Saturation(), other.Collect().at(0).metric.at(0).gauge.value, 1e-9);
  EXPECT_NEAR(BusySeconds(), 10.0, 1e-9);
}

TEST_F(LoadSeriesTest, AlternatingWorkCountsWithItsShareOfTime) {
  series_.SetCapacity(1, 100);
  for (int i = 0; i < 10'000; ++i) {
    series_.SetBusyWorkers(1);
    clock_.Advance(milliseconds(3));
    series_.SetBusyWorkers(0);
    clock_.Advance(milliseconds(7));
  }
  EXPECT_NEAR(Saturation(), 0.3, 0.001);
  EXPECT_NEAR(BusySeconds(), 30.0, 1e-6);
}

TEST_F(LoadSeriesTest, AFillingQueueCountsAtOnce) {
  series_.SetCapacity(4, 200);
  series_.SetQueueDepth(150);
  EXPECT_EQ(Saturation(), 0.75);
  series_.SetQueueDepth(0);
  EXPECT_EQ(Saturation(), 0);
}

TEST_F(LoadSeriesTest, MemoryThatAnswersTakeCountsUntilItIsGivenBack) {
  series_.SetCapacity(4, 200);
  const auto answers = std::make_shared<AnswerMemory>(1000);
  series_.SetMemory(5000, answers);
  EXPECT_EQ(Saturation(), 0);
  {
    const AnswerMemory::Hold hold(answers, 800);
    EXPECT_EQ(Saturation(), 0.8);
    EXPECT_EQ(Scrape("ganserve_answer_memory_bytes"), 800);
  }
  EXPECT_EQ(Saturation(), 0);
  EXPECT_EQ(Scrape("ganserve_answer_memory_bytes"), 0);
}

TEST_F(LoadSeriesTest, ItStaysWithinZeroAndOne) {
  series_.SetCapacity(2, 100);
  series_.SetBusyWorkers(5);
  series_.SetQueueDepth(1000);
  clock_.Advance(seconds(1000));
  EXPECT_EQ(Saturation(), 1);
}

TEST_F(LoadSeriesTest, BusySecondsGoOnWhileABatchIsAtWork) {
  series_.SetBusyWorkers(3);
  clock_.Advance(seconds(2));
  EXPECT_NEAR(BusySeconds(), 6, 1e-9);
  clock_.Advance(seconds(2));
  EXPECT_NEAR(BusySeconds(), 12, 1e-9);
}

}  // namespace
}  // namespace ganserve
