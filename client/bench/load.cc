#include "client/bench/load.h"

#include <sys/resource.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/bench/load_loops.h"

namespace ganserve::bench {
namespace {

// How long to wait for a connection when calls have no deadline.
constexpr std::chrono::seconds kConnectTimeout{30};

double ProcessCpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

absl::StatusOr<std::vector<LoadTarget>> Connect(const LoadPlan& plan, client::ClientOptions options) {
  // Each channel is to be a connection of its own.
  options.share_connections = false;
  const std::chrono::milliseconds limit = plan.deadline.count() > 0 ? plan.deadline : kConnectTimeout;
  const auto deadline = std::chrono::system_clock::now() + limit;
  std::vector<LoadTarget> targets;
  for (uint32_t i = 0; i < plan.channels; ++i) {
    absl::StatusOr<client::Channel> channel = client::Channel::Create(options);
    if (!channel.ok()) return channel.status();
    if (!channel->grpc()->WaitForConnected(deadline)) {
      return absl::UnavailableError(absl::StrCat("no connection within ", limit.count(), " ms"));
    }
    auto stub = v1::ImageService::NewStub(channel->grpc());
    targets.push_back({*std::move(channel), std::move(stub)});
  }
  return targets;
}

}  // namespace

void CountCall(const LoadCall& call, std::chrono::steady_clock::time_point now, LoadReport& report) {
  if (!call.status().ok()) {
    const auto code = static_cast<absl::StatusCode>(call.status().error_code());
    if (report.errors.empty()) report.first_error = call.status().error_message();
    ++report.errors[absl::StatusCodeToString(code)];
    return;
  }
  ++report.calls;
  report.images += call.images();
  report.bytes += call.bytes();
  report.latency.Record(now - call.due());
}

absl::StatusOr<LoadReport> RunLoad(const LoadPlan& plan, const client::ClientOptions& options, std::stop_token stop) {
  if (absl::Status status = Validate(plan); !status.ok()) return status;
  const absl::StatusOr<std::vector<LoadTarget>> targets = Connect(plan, options);
  if (!targets.ok()) return targets.status();
  const double cpu_before = ProcessCpuSeconds();
  LoadReport report = plan.rate > 0 ? RunOpenLoop(plan, *targets, stop) : RunClosedLoop(plan, *targets, stop);
  report.client_cpu_seconds = ProcessCpuSeconds() - cpu_before;
  return report;
}

}  // namespace ganserve::bench
