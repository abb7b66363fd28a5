#include <grpcpp/completion_queue.h>

#include <algorithm>
#include <memory>

#include "client/bench/load_loops.h"

namespace ganserve::bench {
namespace {

using TimePoint = std::chrono::steady_clock::time_point;

// All callers on one thread.
class ClosedLoop {
 public:
  ClosedLoop(const LoadPlan& plan, const std::vector<LoadTarget>& targets, const std::stop_token& stop)
      : plan_(plan), stop_(stop), count_from_(std::chrono::steady_clock::now() + plan.warmup), last_end_(count_from_) {
    for (uint32_t i = 0; i < plan.callers; ++i) {
      calls_.push_back(std::make_unique<LoadCall>(plan, targets[i % targets.size()], queue_));
    }
  }

  LoadReport Run() {
    for (const auto& call : calls_) StartIfDue(*call);
    while (under_way_ > 0) HandleNextEvent();
    queue_.Shutdown();
    const std::chrono::duration<double> counted =
        (ByCalls() || stop_.stop_requested()) ? last_end_ - count_from_ : plan_.duration;
    report_.seconds = std::max(counted.count(), 0.0);
    return std::move(report_);
  }

 private:
  bool ByCalls() const { return plan_.calls > 0; }

  void StartIfDue(LoadCall& call) {
    const TimePoint now = std::chrono::steady_clock::now();
    if (stop_.stop_requested()) return;
    if (ByCalls() ? counted_ == plan_.calls : now >= count_from_ + plan_.duration) return;
    const bool counted = ByCalls() && now >= count_from_;
    if (counted) ++counted_;
    ++under_way_;
    call.Start(now, number_++, counted);
  }

  void HandleNextEvent() {
    void* tag = nullptr;
    bool ok = false;
    queue_.Next(&tag, &ok);
    LoadCall& call = *static_cast<LoadCall*>(tag);
    if (!call.OnEvent(ok)) return;
    --under_way_;
    const TimePoint now = std::chrono::steady_clock::now();
    const bool in_time = now >= count_from_ && now < count_from_ + plan_.duration;
    if (ByCalls() ? call.counted() : in_time) {
      CountCall(call, now, report_);
      last_end_ = now;
    }
    StartIfDue(call);
  }

  const LoadPlan& plan_;
  const std::stop_token stop_;
  const TimePoint count_from_;
  // The queue outlives the calls on it.
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<LoadCall>> calls_;
  uint64_t under_way_ = 0;
  // Calls started, and those of them that count.
  uint64_t number_ = 0;
  uint64_t counted_ = 0;
  TimePoint last_end_;
  LoadReport report_;
};

}  // namespace

LoadReport RunClosedLoop(const LoadPlan& plan, const std::vector<LoadTarget>& targets, const std::stop_token& stop) {
  return ClosedLoop(plan, targets, stop).Run();
}

}  // namespace ganserve::bench
