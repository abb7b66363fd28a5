#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>

#include "client/bench/arrivals.h"
#include "client/bench/load_loops.h"
#include "client/retry.h"

namespace ganserve::bench {
namespace {

using TimePoint = std::chrono::steady_clock::time_point;

// The pacing thread starts calls when they are due; the collecting thread takes their events. A call belongs to the
// queue from Start until it is over, so no lock is needed: the queue hands it over.
class OpenLoop {
 public:
  OpenLoop(const LoadPlan& plan, const std::vector<LoadTarget>& targets, const std::stop_token& stop)
      : plan_(plan), targets_(targets), stop_(stop), start_(std::chrono::steady_clock::now()) {}

  LoadReport Run() {
    std::jthread collector([this] { Collect(); });
    Pace();
    // An event with no call behind it tells the collector that no more will come.
    grpc::Alarm end;
    end.Set(&queue_, std::chrono::system_clock::now(), nullptr);
    collector.join();
    queue_.Shutdown();
    const TimePoint count_from = start_ + plan_.warmup;
    report_.seconds =
        std::max(std::chrono::duration<double>(std::max(last_end_, paced_until_) - count_from).count(), 0.0);
    report_.unsent = unsent_;
    return std::move(report_);
  }

 private:
  // Waits for the arrivals one by one and starts their calls.
  void Pace() {
    Arrivals arrivals(plan_.rate, plan_.poisson, plan_.request.seed());
    uint64_t counted = 0;
    for (uint64_t number = 0;; ++number) {
      const std::chrono::nanoseconds offset = arrivals.Next();
      if (plan_.calls > 0 ? counted == plan_.calls : offset >= plan_.warmup + plan_.duration) break;
      if (!client::WaitUnlessStopped(start_ + offset - std::chrono::steady_clock::now(), stop_)) break;
      const bool counts = offset >= plan_.warmup;
      if (counts) ++counted;
      StartCall(number, start_ + offset, counts);
    }
    paced_until_ = stop_.stop_requested() || plan_.calls > 0 ? std::chrono::steady_clock::now()
                                                             : start_ + plan_.warmup + plan_.duration;
  }

  void StartCall(uint64_t number, TimePoint due, bool counts) {
    if (under_way_.load() >= plan_.max_in_flight) {
      if (counts) ++unsent_;
      return;
    }
    ++under_way_;
    auto call = std::make_unique<LoadCall>(plan_, targets_[number % targets_.size()], queue_);
    // Collect deletes it when it is over.
    call.release()->Start(due, number, counts);
  }

  void Collect() {
    bool paced = false;
    while (!paced || under_way_.load() > 0) {
      void* tag = nullptr;
      bool ok = false;
      queue_.Next(&tag, &ok);
      if (tag == nullptr) {
        paced = true;
        continue;
      }
      auto* call = static_cast<LoadCall*>(tag);
      if (call->OnEvent(ok)) End(std::unique_ptr<LoadCall>(call));
    }
  }

  void End(std::unique_ptr<LoadCall> call) {
    const TimePoint now = std::chrono::steady_clock::now();
    if (call->counted()) {
      CountCall(*call, now, report_);
      last_end_ = now;
    }
    call.reset();
    --under_way_;
  }

  const LoadPlan& plan_;
  const std::vector<LoadTarget>& targets_;
  const std::stop_token stop_;
  const TimePoint start_;
  grpc::CompletionQueue queue_;
  std::atomic<uint64_t> under_way_ = 0;
  // The pacing thread's.
  uint64_t unsent_ = 0;
  TimePoint paced_until_;
  // The collecting thread's, until it has ended.
  TimePoint last_end_;
  LoadReport report_;
};

}  // namespace

LoadReport RunOpenLoop(const LoadPlan& plan, const std::vector<LoadTarget>& targets, const std::stop_token& stop) {
  return OpenLoop(plan, targets, stop).Run();
}

}  // namespace ganserve::bench
