#include "client/bench/load_report.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace ganserve::bench {
namespace {

double Milliseconds(std::chrono::nanoseconds time) { return static_cast<double>(time.count()) / 1e6; }

double PerSecond(uint64_t amount, const LoadReport& report) {
  return report.seconds > 0 ? static_cast<double>(amount) / report.seconds : 0;
}

std::string Headline(const LoadPlan& plan, const LoadReport& report) {
  const std::string loop =
      plan.rate > 0 ? absl::StrFormat("open loop, %g calls/s (%s)", plan.rate, plan.poisson ? "Poisson" : "uniform")
                    : absl::StrFormat("closed loop, %d callers", plan.callers);
  return absl::StrFormat("%s x %d images, %s, %.2f s after %.2f s of warm-up\n", loop, plan.request.count(),
                         plan.stream ? "stream" : "unary", report.seconds,
                         std::chrono::duration<double>(plan.warmup).count());
}

}  // namespace

uint64_t LoadReport::failed() const {
  uint64_t sum = 0;
  for (const auto& [code, calls_failed] : errors) sum += calls_failed;
  return sum;
}

std::string ReportText(const LoadPlan& plan, const LoadReport& report) {
  std::string text = Headline(plan, report);
  const LatencyHistogram& latency = report.latency;
  absl::StrAppendFormat(&text, "images/s   %.1f\ncalls/s    %.1f\n", PerSecond(report.images, report),
                        PerSecond(report.calls, report));
  absl::StrAppendFormat(&text, "latency    p50 %.2f ms, p95 %.2f ms, p99 %.2f ms, max %.2f ms, mean %.2f ms\n",
                        Milliseconds(latency.Percentile(0.50)), Milliseconds(latency.Percentile(0.95)),
                        Milliseconds(latency.Percentile(0.99)), Milliseconds(latency.Max()),
                        Milliseconds(latency.Mean()));
  absl::StrAppendFormat(&text, "calls      %d ok, %d failed\n", report.calls, report.failed());
  for (const auto& [code, calls] : report.errors) absl::StrAppendFormat(&text, "error      %s %d\n", code, calls);
  if (!report.first_error.empty()) absl::StrAppendFormat(&text, "first      %s\n", report.first_error);
  if (report.unsent > 0) {
    absl::StrAppendFormat(&text, "unsent     %d, because %d calls were under way\n", report.unsent, plan.max_in_flight);
  }
  absl::StrAppendFormat(&text, "client     %.2f s of processor time\n", report.client_cpu_seconds);
  return text;
}

std::string ReportJson(const LoadPlan& plan, const LoadReport& report) {
  const LatencyHistogram& latency = report.latency;
  nlohmann::ordered_json json = {
      {"mode", plan.rate > 0 ? "open" : "closed"},
      {"stream", plan.stream},
      {"count", plan.request.count()},
      {"channels", plan.channels},
      {"seconds", report.seconds},
      {"images", report.images},
      {"images_per_s", PerSecond(report.images, report)},
      {"calls", report.calls},
      {"calls_per_s", PerSecond(report.calls, report)},
      {"bytes", report.bytes},
      {"latency_ms",
       {{"p50", Milliseconds(latency.Percentile(0.50))},
        {"p95", Milliseconds(latency.Percentile(0.95))},
        {"p99", Milliseconds(latency.Percentile(0.99))},
        {"max", Milliseconds(latency.Max())},
        {"mean", Milliseconds(latency.Mean())}}},
      {"failed", report.failed()},
      {"errors", nlohmann::ordered_json::object()},
      {"client_cpu_s", report.client_cpu_seconds},
  };
  for (const auto& [code, calls] : report.errors) json["errors"][code] = calls;
  if (plan.rate > 0) {
    json["rate"] = plan.rate;
    json["arrivals"] = plan.poisson ? "poisson" : "uniform";
    json["unsent"] = report.unsent;
  } else {
    json["callers"] = plan.callers;
  }
  return json.dump(2) + "\n";
}

}  // namespace ganserve::bench
